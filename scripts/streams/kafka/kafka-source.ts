// Kafka as a message source, over kafkajs. The library keeps positions of its own and may move them by itself, for example when the
// group is rebalanced or an offset does not exist. So messages count only when they were fetched exactly where the previous ones ended.
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Message } from '../../../api/streams/message';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { StreamLog } from '../consumer';
import type { MessageSource, Partition, SourceEvents } from '../message-source';
import { repairAbortedRecords } from './aborted-records';

export interface KafkaSourceOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topics: readonly string[];
  /** Longest wait of the broker for more records, in milliseconds. */
  readonly waitMs: number;
  readonly log: StreamLog;
}

/** Where a partition is to be read next. */
interface Place {
  next: bigint;
  /** Fetched positions that were not `next`, since the last one that was. */
  readonly strays: string[];
}

/** After so many fetches from one other offset, each after a seek, the library has skipped what is not there for readers. */
const STRAYS = 5;

/** Pause before the library is started again after a failure that it does not survive. */
const RESTART_MS = 2_000;

/** A group stands still so long when a member was killed. Heartbeats come every three seconds. */
const SESSION_MS = 10_000;

/** A broker may be away for hours. */
const RETRY = { initialRetryTime: 300, maxRetryTime: 5_000, retries: Number.MAX_SAFE_INTEGER };

/** Creates the source; nothing is connected before `start`. */
export function kafkaSource({ kafka, group, topics, waitMs, log }: KafkaSourceOptions): MessageSource {
  repairAbortedRecords();
  const admin = kafka.admin();
  const places = new Map<string, Place>();
  let consumer: Consumer | undefined;
  let events: SourceEvents;
  let isStopped = false;
  let restart: NodeJS.Timeout | undefined;

  async function join(): Promise<void> {
    const joining = kafka.consumer({
      groupId: group,
      maxWaitTimeInMs: waitMs,
      sessionTimeout: SESSION_MS,
      // Without it the library gives up after some seconds and joins as a new member, and the group waits until it misses the old one.
      retry: RETRY,
      // Of transactions, only what was committed: the default of the library.
      readUncommitted: false,
      allowAutoTopicCreation: false,
    });
    consumer = joining;
    joining.on('consumer.group_join', ({ payload: { memberAssignment } }) => {
      places.clear();
      const assigned = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      // What was paused in an earlier assignment would stay paused.
      joining.resume(joining.paused());
      events.assigned(assigned);
    });
    joining.on('consumer.start_batch_process', ({ payload }) => {
      if (payload.batchSize === 0) passOver(payload);
    });
    joining.on('consumer.crash', ({ payload: { error, restart: restarts } }) => {
      if (restarts || isStopped) return;
      places.clear();
      events.assigned([]);
      if (isFinal(error)) {
        events.failed(error);
        return;
      }
      log.warn({ reason: messageOf(error) }, 'the connection to Kafka is made anew');
      restart = setTimeout(() => {
        join().catch(events.failed);
      }, RESTART_MS);
    });
    await joining.connect();
    await joining.subscribe({ topics: [...topics], fromBeginning: true });
    await joining.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) =>
        receive(payload).catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'records could not be taken; they are fetched again');
          const place = places.get(nameOf(payload.batch));
          if (place) consumer?.seek({ ...atOf(payload.batch), offset: String(place.next) });
        }),
    });
  }

  async function receive({ batch, isStale }: EachBatchPayload): Promise<void> {
    const { topic, partition } = batch;
    const place = places.get(nameOf(batch));
    if (place === undefined || isStale()) return;
    // The types of the library do not have it.
    const { fetchedOffset } = batch as typeof batch & { readonly fetchedOffset: string };
    if (BigInt(fetchedOffset) !== place.next && !(await isNextForReaders(batch, place, fetchedOffset)))
      return;
    const first = BigInt(batch.firstOffset() ?? fetchedOffset);
    // Offsets may be missing because the topic is compacted, or because records were deleted before they were read.
    if (first > place.next && (await lacks({ topic, partition }, place.next))) return;
    if (places.get(nameOf(batch)) !== place || isStale()) return;
    const nextOffset = BigInt(batch.lastOffset()) + 1n;
    place.next = nextOffset;
    place.strays.length = 0;
    events.fetched({
      topic,
      partition,
      messages: batch.messages.map((message) => messageFrom(topic, partition, message)),
      nextOffset,
      endOffset: BigInt(batch.highWatermark),
    });
  }

  /** Records that readers do not see, such as those of transactions that were undone, are passed over without a call of `receive`. */
  function passOver({ topic, partition, firstOffset, lastOffset }: PassedOver): void {
    const place = places.get(nameOf({ topic, partition }));
    if (place === undefined) return;
    const [first, last] = [BigInt(firstOffset ?? lastOffset), BigInt(lastOffset)];
    if (first <= place.next && place.next <= last) place.next = last + 1n;
  }

  async function isNextForReaders(at: Partition, place: Place, fetchedOffset: string): Promise<boolean> {
    place.strays.push(fetchedOffset);
    const same = place.strays.filter((offset) => offset === fetchedOffset).length;
    if (same >= STRAYS && BigInt(fetchedOffset) > place.next) return !(await lacks(at, place.next));
    if (same > 1 && (await lacks(at, place.next))) return false;
    consumer?.seek({ ...atOf(at), offset: String(place.next) });
    return false;
  }

  /** Whether the partition does not have the offset any more; then the source has failed. */
  async function lacks(at: Partition, offset: bigint): Promise<boolean> {
    const fault = faultOf(at, offset, await rangeOf(at));
    if (fault === undefined) return false;
    places.delete(nameOf(at));
    events.failed(fault);
    return true;
  }

  /** Questions about the same topic at the same time are one question. */
  const asked = new Map<string, Promise<TopicOffsets>>();
  async function rangeOf({ topic, partition }: Partition): Promise<Range> {
    const asking = asked.get(topic) ?? admin.fetchTopicOffsets(topic).finally(() => asked.delete(topic));
    asked.set(topic, asking);
    const own = (await asking).find((one) => one.partition === partition);
    if (!own) throw new Error(`the broker names no offsets of ${topic}/${partition}`);
    return { low: BigInt(own.low), high: BigInt(own.high) };
  }

  return {
    start: async (given) => {
      events = given;
      await admin.connect();
      await requireTopics(admin, topics);
      await join();
    },
    seek: async (at, offset, from) => {
      places.delete(nameOf(at));
      const range = await rangeOf(at);
      const fault = offset === undefined ? undefined : faultOf(at, offset, range);
      if (fault !== undefined) throw fault;
      const next = from !== undefined && from >= range.low ? from : (offset ?? range.low);
      places.set(nameOf(at), { next, strays: [] });
      consumer?.seek({ ...atOf(at), offset: String(next) });
    },
    pause: ({ topic, partition }) => consumer?.pause([{ topic, partitions: [partition] }]),
    resume: ({ topic, partition }) => consumer?.resume([{ topic, partitions: [partition] }]),
    commit: async ({ topic, partition }, nextOffset) => {
      // A partition that belongs to others now is theirs to tell about.
      if (places.has(nameOf({ topic, partition })))
        await consumer?.commitOffsets([{ topic, partition, offset: String(nextOffset) }]);
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(restart);
      await consumer?.disconnect();
      await admin.disconnect();
    },
  };
}

interface PassedOver extends Partition {
  readonly firstOffset: string | null;
  readonly lastOffset: string;
}

type TopicOffsets = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

function faultOf(at: Partition, offset: bigint, { low, high }: Range): UsageError | undefined {
  const reset = `To go on with what is there, run "tsdb consume reset --topic ${at.topic} --partition ${at.partition}"`;
  if (offset < low)
    return new UsageError(
      `the topic does not have the records ${offset} to ${low - 1n} of ${nameOf(at)} any more: they were deleted before they were read. Nothing was skipped. ${reset}`,
    );
  if (offset > high)
    return new UsageError(
      `the stored position of ${nameOf(at)} is ${offset}, and the topic ends at ${high}: it was deleted and made anew, or lost its end. Nothing was skipped. ${reset}`,
    );
  return undefined;
}

async function requireTopics(admin: Admin, topics: readonly string[]): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !existing.has(topic));
  if (missing.length > 0)
    throw new UsageError(
      `the broker has no topic ${missing.join(', ')}; create it, or run "tsdb produce kafka --create-topics 6" for a trial`,
    );
}

interface KafkaMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;
}

type HeaderValue = Buffer | string;

function messageFrom(topic: string, partition: number, given: KafkaMessage): Message {
  const { offset, timestamp, key, value, headers } = given;
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestamp: Number(timestamp),
    key,
    value,
    headers: headers === undefined ? NO_HEADERS : headersFrom(headers),
  };
}

const NO_HEADERS: Message['headers'] = [];

function headersFrom(headers: NonNullable<KafkaMessage['headers']>): Message['headers'] {
  return Object.entries(headers).flatMap(([name, given]) =>
    [given ?? []].flat().map((value) => [name, Buffer.from(value as Buffer)] as const),
  );
}

/** Failures that another try does not change. */
const isFinal = ({ name }: Error): boolean =>
  [
    'KafkaJSSASLAuthenticationError',
    'KafkaJSNotImplemented',
    'KafkaJSUnsupportedMagicByteInMessageSet',
  ].includes(name);

const atOf = ({ topic, partition }: Partition): Partition => ({ topic, partition });

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
