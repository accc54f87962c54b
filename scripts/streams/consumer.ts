// Stores the messages of topics exactly once: one consumer for each partition that the broker assigns to this process.

import { withinTime } from '../../api/http/time-limit';
import type { ConsumerOptions, ConsumerParts } from './consumer-parts';
import { limiter } from './limiter';
import type { Partition } from './message-source';
import { PartitionConsumer } from './partition-consumer';

/** A running consumer. */
export interface StreamConsumer {
  /** Resolves with the reason when the consumer cannot go on. */
  readonly failed: Promise<Error>;
  /** Why records are not stored at the moment; empty when all is well. */
  troubles(): readonly string[];
  /** Records in the topic that are not stored, of each partition that this process reads. */
  lag(): readonly (Partition & { readonly lag: number })[];
  /** Writes what was fetched, and leaves the group. */
  stop(): Promise<void>;
}

/** Joins the group and stores messages until `stop`. */
export async function startConsumer(options: ConsumerOptions): Promise<StreamConsumer> {
  const { source, group, topics, pool, log, letters } = options;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const partitions = new Map<string, PartitionConsumer>();
  const parts: ConsumerParts = {
    ...options,
    limit: limiter(pool.options.max),
    onFailure: fail,
    backlog: {
      bytes: 0,
      onRoom: () => {
        for (const consumer of partitions.values()) consumer.resume();
      },
    },
  };
  /** The end of the last work on each partition; it may go on when the partition was taken away, and comes back. */
  const endOf = new Map<string, Promise<void>>();
  let isAssigned = false;

  await source.start({
    assigned: (assigned) => {
      for (const [name, consumer] of partitions) endOf.set(name, consumer.stop());
      partitions.clear();
      isAssigned = true;
      log.info({ group, partitions: assigned.map(nameOf) }, 'partitions assigned');
      for (const { topic, partition } of assigned) {
        const destination = topics.get(topic);
        if (!destination) continue;
        const of = { group, topic, partition };
        const consumer = new PartitionConsumer(parts, of, destination);
        partitions.set(nameOf(of), consumer);
        consumer.start(endOf.get(nameOf(of)) ?? Promise.resolve());
      }
    },
    fetched: (fetched) => partitions.get(nameOf(fetched))?.take(fetched),
    strayed: (at) => partitions.get(nameOf(at))?.seekAgain(),
    failed: fail,
  });

  return {
    failed,
    troubles: () => [
      ...(isAssigned ? [] : ['the group has not assigned partitions yet']),
      ...[...partitions.values()].flatMap(({ trouble }) => trouble ?? []),
    ],
    lag: () =>
      [...partitions.values()].map(({ of: { topic, partition }, lag }) => ({ topic, partition, lag })),
    stop: async () => {
      const consumers = [...partitions.values()];
      await Promise.all(consumers.map((consumer) => consumer.drain()));
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      // A broker that is away must not keep the process: the positions are in the database.
      const left = Promise.all([source.stop(), letters?.stop()]);
      await withinTime(LEAVE_MS, left, () =>
        log.warn({ group }, 'the broker does not answer; the group is left by a time-out'),
      );
    },
  };
}

/** How long a stop waits for the broker. */
const LEAVE_MS = 5_000;

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
