// Sends records to Kafka: idempotent, acknowledged by all replicas, at a rate where one is asked for.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { groupBy } from '../../../db/core/group-by';
import { PATIENCE } from './security';

/** A record to send; the key decides its partition. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp?: string;
}

export interface ProduceOptions<R extends OutgoingRecord> {
  /** Most records to send; `Infinity` = until the signal. */
  readonly rows: number;
  /** Records a second; `Infinity` = as fast as the brokers take them. */
  readonly rate: number;
  readonly signal: AbortSignal;
  /** Is told the records that all replicas have. */
  readonly onAcknowledged: (records: readonly R[]) => void;
}

const BATCH = 2_000;
const WAIT_MS = 50;

/**
 * Sends records until there are no more, as many as asked for are sent, or the signal comes; what is under way by then is waited for.
 * @throws the library's error when the brokers do not take a batch; its records may be in the topics or not.
 */
export async function produce<R extends OutgoingRecord>(
  kafka: Kafka,
  records: Iterator<R>,
  { rows, rate, signal, onAcknowledged }: ProduceOptions<R>,
): Promise<void> {
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: PATIENCE.bounded,
  });
  await producer.connect();
  try {
    const started = performance.now();
    for (let sent = 0; sent < rows && !signal.aborted; ) {
      const elapsed = performance.now() - started;
      const due = rate === Number.POSITIVE_INFINITY ? BATCH : Math.floor((rate * elapsed) / 1_000) + 1 - sent;
      const batch = take(records, Math.min(BATCH, rows - sent, due));
      if (batch.length === 0 && due > 0) break;
      if (batch.length === 0) {
        await sleep(WAIT_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      sent += batch.length;
      // One at a time. When a part of a batch fails, the library gives its numbers back, also those of the parts that the broker
      // has. Another batch would get the same numbers, and the broker would take it for a repetition and drop it.
      await send(producer, batch);
      onAcknowledged(batch);
    }
  } finally {
    await producer.disconnect();
  }
}

function take<R>(records: Iterator<R>, most: number): R[] {
  const batch: R[] = [];
  while (batch.length < most) {
    const { done, value } = records.next();
    if (done) break;
    batch.push(value);
  }
  return batch;
}

async function send(producer: Producer, batch: readonly OutgoingRecord[]): Promise<void> {
  const topicMessages = [...groupBy(batch, ({ topic }) => topic)].map(([topic, records]) => ({
    topic,
    messages: records.map(({ key, value, headers, timestamp }) => ({
      key,
      value,
      headers,
      ...(timestamp === undefined ? {} : { timestamp }),
    })),
  }));
  await producer.sendBatch({ topicMessages, acks: -1 });
}
