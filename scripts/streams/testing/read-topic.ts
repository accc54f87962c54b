// For tests: everything that readers of committed records see in a topic.
import { waitFor } from '../../../db/local/testing/wait';
import { repairAbortedRecords } from '../kafka/aborted-records';
import type { KafkaUnderTest } from './kafka-broker';

/** A record as readers get it. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

let readers = 0;

/** Reads a topic from its beginning to where it ends now. */
export async function readTopic(kafka: KafkaUnderTest, topic: string): Promise<readonly ReadRecord[]> {
  repairAbortedRecords();
  const ends = new Map<number, number>();
  for (const { partition, high, low } of await kafka.admin((admin) => admin.fetchTopicOffsets(topic)))
    if (Number(high) > Number(low)) ends.set(partition, Number(high));
  readers += 1;
  const consumer = kafka
    .client()
    .consumer({ groupId: `reader-${process.pid}-${readers}`, maxWaitTimeInMs: 100 });
  const records: ReadRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  consumer.on('consumer.end_batch_process', ({ payload: { partition, lastOffset } }) => {
    if (Number(lastOffset) + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
  });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages } }) => {
      for (const { offset, key, value, headers } of messages)
        records.push({
          partition,
          offset: Number(offset),
          key: key?.toString(),
          value: value?.toString(),
          headers: Object.fromEntries(
            Object.entries(headers ?? {}).map(([name, one]) => [name, String(one)]),
          ),
        });
    },
  });
  await waitFor(`the end of ${topic}`, () => ends.size === 0, { atMostMs: 120_000 });
  await consumer.disconnect();
  return records;
}
