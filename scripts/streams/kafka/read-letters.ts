// Reads a dead-letter topic from its beginning to the end that it has now.
import { randomUUID } from 'node:crypto';
import type { Kafka, RetryOptions } from 'kafkajs';
import type { Message } from '../../../api/streams/message';
import { UsageError } from '../../../db/core/errors';
import { missingTopics, withAdmin } from './admin';
import { LETTER_HEADERS, letterTopic } from './letter-topic';
import { headersFrom, type KafkaRecord } from './record';

/** A refused record with the group that refused it. */
export interface TopicLetter {
  /** As it came from the original topic. */
  readonly message: Message;
  readonly group: string;
}

/** Calls `take` with the letters, in the order of their partitions; one call at a time. @throws UsageError when there is no such topic. */
export async function readLetterTopic(
  {
    kafka,
    retry,
    signal,
  }: { readonly kafka: Kafka; readonly retry: RetryOptions; readonly signal: AbortSignal },
  topic: string,
  take: (letters: readonly TopicLetter[]) => Promise<void>,
): Promise<void> {
  const name = letterTopic(topic);
  // Nothing is to be remembered of it: the letters in the database know what was replayed.
  const group = `tsdb-replay-${randomUUID()}`;
  await withAdmin(kafka, async (admin) => {
    if ((await missingTopics(admin, [name])).length > 0)
      throw new UsageError(`the brokers have no topic ${name}`);
    const left = new Map<number, bigint>();
    for (const { partition, low, high } of await admin.fetchTopicOffsets(name))
      if (BigInt(low) < BigInt(high)) left.set(partition, BigInt(high));
    if (left.size === 0) return;
    const consumer = kafka.consumer({ groupId: group, retry, maxWaitTimeInMs: 250 });
    const finished = new Promise<void>((resolve, reject) => {
      const passed = (partition: number, lastOffset: string): void => {
        if (BigInt(lastOffset) + 1n >= (left.get(partition) ?? 0n)) left.delete(partition);
        if (left.size === 0) resolve();
      };
      signal.addEventListener('abort', () => resolve(), { once: true });
      consumer.on('consumer.crash', ({ payload: { error } }) => reject(error));
      // Also for records that readers do not see, such as the marks of transactions.
      consumer.on('consumer.end_batch_process', ({ payload }) =>
        passed(payload.partition, payload.lastOffset),
      );
      consumer
        .connect()
        .then(() => consumer.subscribe({ topic: name, fromBeginning: true }))
        .then(() =>
          consumer.run({
            autoCommit: false,
            eachBatch: ({ batch, heartbeat }) =>
              take(batch.messages.flatMap((message) => letterFrom(message) ?? [])).then(heartbeat, reject),
          }),
        )
        .catch(reject);
    });
    await finished.finally(() => consumer.disconnect());
    await admin.deleteGroups([group]).catch(() => undefined);
  });
}

const OWN: ReadonlySet<string> = new Set(Object.values(LETTER_HEADERS));

/** Undefined for a record that this product has not written. */
function letterFrom({ key, value, headers = {} }: KafkaRecord): TopicLetter | undefined {
  const text = (name: string): string => String(headers[name] ?? '');
  const [topic, partition, offset, time, group] = [
    text(LETTER_HEADERS.topic),
    text(LETTER_HEADERS.partition),
    text(LETTER_HEADERS.offset),
    text(LETTER_HEADERS.time),
    text(LETTER_HEADERS.group),
  ];
  if (topic === '' || !/^\d+$/.test(partition) || !/^\d+$/.test(offset)) return undefined;
  const timestamp = Date.parse(time);
  return {
    group,
    message: {
      topic,
      partition: Number(partition),
      offset: BigInt(offset),
      timestamp: Number.isNaN(timestamp) ? -1 : timestamp,
      key,
      value,
      headers: headersFrom(headers).filter(([name]) => !OWN.has(name)),
    },
  };
}
