// Sends refused records to the dead-letter topic `<topic>.dlq`.
import { type IHeaders, type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import type { Pool } from 'pg';
import type { LetterPublisher } from '../consumer-parts';
import { deleteFromOutbox, type GroupPartition, type OutboxRecord, readOutbox } from '../positions';
import { withAdmin } from './admin';
import type { DeadLetterMode } from './config';

/** `exactly-once`: in transactions of Kafka; `at-least-once`: without, so a crash may send records again. */
type LetterDelivery = Exclude<DeadLetterMode, 'database'>;

export const letterTopic = (topic: string): string => `${topic}.dlq`;

/** Headers of a dead letter, beside those of the record itself. */
export const LETTER_HEADERS = {
  reason: 'dlq.reason',
  topic: 'dlq.topic',
  partition: 'dlq.partition',
  offset: 'dlq.offset',
  /** ISO 8601: the time of the record at the broker. */
  time: 'dlq.time',
  group: 'dlq.group',
} as const;

/** A record is written once and in order, also when the library sends it again; the partition follows from the key. */
const SAFE = {
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner: Partitioners.DefaultPartitioner,
} as const;

/** Records of one transaction. */
const AT_ONCE = 500;

/** Their bytes: they may all go into one batch of one partition, and brokers take batches of 1 MB unless they are told otherwise. */
const BYTES_AT_ONCE = 512 * 1_024;

/**
 * The group whose offsets tell which letters are in the topic. It has no members: only transactions of letters change it, so they
 * cannot meet the offsets that consumers commit.
 */
export const letterGroup = (group: string): string => `${group}.letters`;

/** The publisher; undefined when refused records are kept in the database only. */
export const letterPublisher = (
  kafka: Kafka,
  pool: Pool,
  deadLetters: DeadLetterMode,
): LetterPublisher | undefined =>
  deadLetters === 'database' ? undefined : letterTopicPublisher(kafka, pool, deadLetters);

/**
 * Creates the publisher. With transactions, the letters and the offset that follows them become visible together, and the name of the
 * transactions is that of the partition, so that the broker refuses a publisher that another one has replaced. After a crash, the
 * offset at the broker therefore tells which records of the outbox the topic has.
 */
function letterTopicPublisher(kafka: Kafka, pool: Pool, delivery: LetterDelivery): LetterPublisher {
  const producers = new Map<string, Promise<Producer>>();
  const running = new Map<string, Promise<void>>();
  /** The first offset of each partition whose letter the topic does not have. */
  const sentTo = new Map<string, bigint>();

  async function send(of: GroupPartition): Promise<void> {
    for (;;) {
      const [any] = await readOutbox(pool, of, 1);
      if (any === undefined) return;
      // Only what is read after nobody else can send any more is certainly not in the topic yet.
      const producer = delivery === 'exactly-once' ? await transactional(of) : await plain(of);
      const sent = sentTo.get(nameOf(of)) ?? 0n;
      // A database that has lost its last commits, as after a failover, has records stored again whose letters were sent.
      if (any.offset < sent) await deleteFromOutbox(pool, of, sent);
      const records = await readOutbox(pool, of, AT_ONCE, BYTES_AT_ONCE);
      const last = records.at(-1);
      if (last === undefined) return;
      const after = last.offset + 1n;
      if (delivery === 'exactly-once') await sendTogether(producer, of, records, after);
      else await producer.send({ topic: letterTopic(of.topic), acks: -1, messages: letters(of, records) });
      sentTo.set(nameOf(of), after);
      await deleteFromOutbox(pool, of, after);
    }
  }

  // One for each partition: the library confuses the numbers of records when one of two sends at the same time fails.
  const plain = (of: GroupPartition): Promise<Producer> =>
    producerOf(nameOf(of), () => kafka.producer({ ...SAFE }));

  /** The producer of the partition. When it is new, nobody else can send letters of the partition any more. */
  async function transactional(of: GroupPartition): Promise<Producer> {
    const name = nameOf(of);
    const known = producers.get(name);
    if (known) return known;
    const producer = await producerOf(name, () =>
      kafka.producer({
        transactionalId: `${of.group}-${of.topic}-${of.partition}`,
        ...SAFE,
      }),
    );
    // Before this producer, another process may have sent some of them and stopped before it deleted them. Beginning a transaction ends
    // what that process has begun.
    const transaction = await producer.transaction();
    await transaction.abort();
    const first = await committed(of);
    sentTo.set(name, first);
    await deleteFromOutbox(pool, of, first);
    return producer;
  }

  async function sendTogether(
    producer: Producer,
    of: GroupPartition,
    records: readonly OutboxRecord[],
    after: bigint,
  ): Promise<void> {
    const transaction = await producer.transaction();
    try {
      await transaction.send({ topic: letterTopic(of.topic), acks: -1, messages: letters(of, records) });
      await transaction.sendOffsets({
        consumerGroupId: letterGroup(of.group),
        topics: [{ topic: of.topic, partitions: [{ partition: of.partition, offset: String(after) }] }],
      });
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
  }

  /** The first offset whose letter the topic does not have; 0 when nothing is known. */
  async function committed({ group, topic, partition }: GroupPartition): Promise<bigint> {
    const [answer] = await withAdmin(kafka, (admin) =>
      admin.fetchOffsets({ groupId: letterGroup(group), topics: [topic] }),
    );
    const own = answer?.partitions.find((one) => one.partition === partition);
    const offset = BigInt(own?.offset ?? -1);
    return offset < 0n ? 0n : offset;
  }

  function producerOf(name: string, create: () => Producer): Promise<Producer> {
    const known = producers.get(name);
    if (known) return known;
    const producer = create();
    const connecting = producer.connect().then(() => producer);
    producers.set(name, connecting);
    return connecting;
  }

  /** A producer that failed may have been replaced, or be in the middle of something. */
  async function forget(name: string): Promise<void> {
    const failed = producers.get(name);
    producers.delete(name);
    sentTo.delete(name);
    await failed?.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  return {
    publish: (of) => {
      const name = nameOf(of);
      const publishing = (running.get(name) ?? Promise.resolve())
        .catch(() => undefined)
        .then(() => send(of))
        .catch(async (error: unknown) => {
          await forget(name);
          throw error;
        });
      running.set(name, publishing);
      return publishing;
    },
    stop: async () => {
      await Promise.allSettled(running.values());
      for (const name of [...producers.keys()]) await forget(name);
    },
  };
}

function letters(of: GroupPartition, records: readonly OutboxRecord[]): Message[] {
  return records.map((record) => ({
    key: record.key,
    value: record.value,
    headers: headersOf(of, record),
  }));
}

function headersOf(
  { group, topic, partition }: GroupPartition,
  { reason, offset, timestamp, headers }: OutboxRecord,
): IHeaders {
  // Without the members that every object has: a header may be named `constructor`.
  const all: IHeaders = Object.create(null);
  for (const [name, value] of headers) {
    const known = all[name];
    all[name] = known === undefined ? value : ([known, value].flat() as Buffer[]);
  }
  return {
    ...all,
    [LETTER_HEADERS.reason]: reason,
    [LETTER_HEADERS.topic]: topic,
    [LETTER_HEADERS.partition]: String(partition),
    [LETTER_HEADERS.offset]: String(offset),
    [LETTER_HEADERS.time]: new Date(timestamp).toISOString(),
    [LETTER_HEADERS.group]: group,
  };
}

const nameOf = ({ group, topic, partition }: GroupPartition): string => `${group}/${topic}/${partition}`;
