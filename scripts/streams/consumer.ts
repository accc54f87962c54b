// Stores the messages of topics exactly once: one consumer for each partition that the broker assigns to this process.
import type { FastifyBaseLogger } from 'fastify';
import type { Pool } from 'pg';
import type { MessageDestination, StoredMessages } from '../../api/streams/store-messages';
import { limiter } from './limiter';
import type { MessageSource, Partition } from './message-source';
import { PartitionConsumer } from './partition-consumer';
import type { GroupPartition } from './positions';

/** Takes log lines. */
export type StreamLog = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

/** Counts what was stored. */
export interface StreamMetrics {
  stored(topic: string, messages: number, rows: StoredMessages, seconds: number): void;
}

/** Sends refused records to dead-letter topics. */
export interface LetterPublisher {
  /** Sends everything that waits in the outbox for the partition. */
  publish(partition: GroupPartition): Promise<void>;
  stop(): Promise<void>;
}

/** What a consumer works with. */
export interface ConsumerOptions {
  readonly source: MessageSource;
  readonly group: string;
  /** Where the messages of each topic go. */
  readonly topics: ReadonlyMap<string, MessageDestination>;
  readonly pool: Pool;
  /** Undefined when refused records are kept in the database only. */
  readonly letters: LetterPublisher | undefined;
  /** A batch is written when it has so many records, or when its first one has waited so many milliseconds. */
  readonly batch: { readonly rows: number; readonly ms: number };
  readonly log: StreamLog;
  readonly metrics: StreamMetrics;
}

/** What the consumer of a partition works with. */
export interface ConsumerParts extends ConsumerOptions {
  /** Runs as many writes at a time as there are connections. */
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onFailure: (error: Error) => void;
}

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
  const parts: ConsumerParts = { ...options, limit: limiter(pool.options.max), onFailure: fail };
  const partitions = new Map<string, PartitionConsumer>();
  let isAssigned = false;

  await source.start({
    assigned: (assigned) => {
      const ending = [...partitions].map(([name, consumer]) => [name, consumer.stop()] as const);
      const endOf = new Map(ending);
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
      await source.stop();
      await letters?.stop();
    },
  };
}

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
