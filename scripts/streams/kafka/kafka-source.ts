// Kafka as a message source, over kafkajs. The library keeps positions of its own and may move them by itself, for example when the
// group is rebalanced or an offset does not exist. So messages count only when they were fetched exactly where the previous ones ended.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Consumer, EachBatchPayload, Kafka, RetryOptions } from 'kafkajs';
import { messageOf, UsageError } from '../../../db/core/errors';
import { invocation } from '../../../db/core/invocation';
import type { StreamLog } from '../consumer-parts';
import type { MessageSource, Partition, SourceEvents } from '../message-source';
import { missingTopics } from './admin';
import { BrokerError } from './failures';
import { messageFrom } from './record';

export interface KafkaSourceOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topics: readonly string[];
  /** Longest wait of the broker for more records, in milliseconds. */
  readonly waitMs: number;
  /** After this time without a sign of life, the partitions of a consumer go to others; in milliseconds. */
  readonly sessionMs: number;
  readonly retry: RetryOptions;
  /** The failure in words of the settings; a UsageError when no second try helps. */
  readonly explain: (error: unknown) => unknown;
  readonly log: StreamLog;
}

/** Where a partition is to be read next. */
interface Place {
  next: bigint;
}

/** Fetches of a partition that began elsewhere than at its place. */
interface Strays {
  readonly place: bigint;
  readonly from: string;
  count: number;
}

/** After so many fetches from one later offset, each after a seek, everything in between is hidden from readers. */
const MOST_STRAYS = 5;

/** Most bytes of a fetch; the library takes ten million otherwise, and keeps all of them until the last record is written. */
const FETCH_BYTES = 4 * 1_048_576;

/** Pause before the library is started again after a failure that it does not survive. */
const RESTART_MS = 2_000;

/** Creates the source; nothing is connected before `start`. */
export function kafkaSource(options: KafkaSourceOptions): MessageSource {
  const { kafka, group, topics, waitMs, sessionMs, retry, explain, log } = options;
  const admin = kafka.admin();
  const places = new Map<string, Place>();
  const strays = new Map<string, Strays>();
  let consumer: Consumer | undefined;
  let events: SourceEvents;
  let isStopped = false;
  let restart: NodeJS.Timeout | undefined;

  /** Joins the group; after failures that may pass, again. */
  async function begin(): Promise<void> {
    for (;;) {
      try {
        await admin.connect();
        await requireTopics(admin, topics);
        await join();
        return;
      } catch (error) {
        const reason = explain(error);
        if (isStopped || !(reason instanceof BrokerError)) throw reason;
        log.warn({ reason: reason.message }, 'the brokers cannot be used yet; the next try follows');
        await consumer?.disconnect().catch(() => undefined);
        await sleep(RESTART_MS);
      }
    }
  }

  async function join(): Promise<void> {
    const joining = kafka.consumer({
      groupId: group,
      maxWaitTimeInMs: waitMs,
      maxBytes: FETCH_BYTES,
      sessionTimeout: sessionMs,
      heartbeatInterval: Math.floor(sessionMs / 4),
      // Consumers do not take it from their client.
      retry,
      // Of transactions, only what was committed: the default of the library.
      readUncommitted: false,
      allowAutoTopicCreation: false,
    });
    consumer = joining;
    joining.on('consumer.group_join', ({ payload: { memberAssignment } }) => {
      places.clear();
      // The library would begin at the offsets of the broker. Each partition waits for its seek.
      joining.pause(Object.entries(memberAssignment).map(([topic, partitions]) => ({ topic, partitions })));
      events.assigned(
        Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      );
    });
    joining.on('consumer.start_batch_process', ({ payload }) => {
      if (payload.batchSize === 0) passOver(payload);
    });
    joining.on('consumer.crash', ({ payload: { error, restart: restarts } }) => {
      if (isStopped) return;
      places.clear();
      events.assigned([]);
      const reason = explain(error);
      if (reason instanceof UsageError) events.failed(reason);
      else if (!restarts) {
        log.warn({ reason: messageOf(reason) }, 'the connection to Kafka is made anew');
        restart = setTimeout(() => {
          begin().catch(events.failed);
        }, RESTART_MS);
      }
    });
    await joining.connect();
    await joining.subscribe({ topics: [...topics], fromBeginning: true });
    await joining.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) =>
        receive(payload).catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'records could not be taken; they are fetched again');
          stray(payload.batch);
        }),
    });
  }

  async function receive({ batch, isStale }: EachBatchPayload): Promise<void> {
    const at = atOf(batch);
    const place = places.get(nameOf(at));
    if (place === undefined || isStale()) return;
    // The types of the library do not have it.
    const { fetchedOffset } = batch as typeof batch & { readonly fetchedOffset: string };
    if (BigInt(fetchedOffset) !== place.next && !isNextForReaders(at, place, fetchedOffset)) {
      stray(at);
      return;
    }
    strays.delete(nameOf(at));
    const nextOffset = BigInt(batch.lastOffset()) + 1n;
    place.next = nextOffset;
    events.fetched({
      ...at,
      messages: batch.messages.map((message) => messageFrom(at, message)),
      nextOffset,
      endOffset: BigInt(batch.highWatermark),
    });
  }

  /** Records that readers do not see, such as those of transactions that were undone, are passed over without a call of `receive`. */
  function passOver({ topic, partition, firstOffset, lastOffset, highWatermark }: PassedOver): void {
    const at = { topic, partition };
    const place = places.get(nameOf(at));
    if (place === undefined) return;
    const [first, last] = [BigInt(firstOffset ?? lastOffset), BigInt(lastOffset)];
    if (first > place.next || place.next > last) return;
    place.next = last + 1n;
    events.fetched({ ...at, messages: [], nextOffset: place.next, endOffset: BigInt(highWatermark) });
  }

  function isNextForReaders(at: Partition, { next }: Place, from: string): boolean {
    const known = strays.get(nameOf(at));
    const isSame = known?.from === from && known.place === next;
    const count = isSame ? known.count + 1 : 1;
    strays.set(nameOf(at), { place: next, from, count });
    return count >= MOST_STRAYS && BigInt(from) > next;
  }

  /** The consumer seeks again, which finds out whether the place still exists: when it does not, the library begins elsewhere. */
  function stray(at: Partition): void {
    places.delete(nameOf(at));
    quietly(() => consumer?.pause([{ topic: at.topic, partitions: [at.partition] }]));
    events.strayed(atOf(at));
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
      await begin();
    },
    seek: async (at, offset, from) => {
      places.delete(nameOf(at));
      const range = await rangeOf(at);
      const fault = offset === undefined ? undefined : faultOf(at, offset, range);
      if (fault !== undefined) throw fault;
      const next = from !== undefined && from >= range.low ? from : (offset ?? range.low);
      places.set(nameOf(at), { next });
      consumer?.seek({ ...atOf(at), offset: String(next) });
      consumer?.resume([{ topic: at.topic, partitions: [at.partition] }]);
    },
    // Between a failure and its restart the library has no group; the next assignment begins anew.
    pause: ({ topic, partition }) => quietly(() => consumer?.pause([{ topic, partitions: [partition] }])),
    resume: ({ topic, partition }) => quietly(() => consumer?.resume([{ topic, partitions: [partition] }])),
    commit: async (at, nextOffset) => {
      // A partition that belongs to others now is theirs to tell about.
      if (places.has(nameOf(at)))
        await consumer?.commitOffsets([{ ...atOf(at), offset: String(nextOffset) }]);
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(restart);
      await consumer?.disconnect();
      await admin.disconnect();
    },
  };
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // See the calls.
  }
}

interface PassedOver extends Partition {
  readonly firstOffset: string | null;
  readonly lastOffset: string;
  readonly highWatermark: string;
}

type TopicOffsets = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

function faultOf(at: Partition, offset: bigint, { low, high }: Range): UsageError | undefined {
  const reset = `To go on with what is there, run "${invocation(`consume reset --topic ${at.topic} --partition ${at.partition} --to beginning`)}"`;
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
  const missing = await missingTopics(admin, topics);
  if (missing.length > 0)
    throw new UsageError(
      `the broker has no topic ${missing.join(', ')}; create it, or run "${invocation('produce kafka --create-topics 6')}", which also sends sample data`,
    );
}

const atOf = ({ topic, partition }: Partition): Partition => ({ topic, partition });

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
