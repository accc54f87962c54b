// One partition of a topic: collects its messages, stores them in batches, and moves its position in their transaction.
import { pause } from '../../api/buffer/pause';
import { isServerAnswer } from '../../api/database/write-connection';
import type { Message } from '../../api/streams/message';
import { type MessageDestination, storeMessages } from '../../api/streams/store-messages';
import { messageOf, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { pauseBefore } from '../../db/server/retry';
import type { ConsumerParts } from './consumer-parts';
import type { Fetched } from './message-source';
import { OffsetCommits } from './offset-commits';
import {
  type GroupPartition,
  onceAt,
  type Position,
  PositionMoved,
  readPosition,
  recordDigest,
} from './positions';
import { WaitingMessages } from './waiting-messages';

/** How long a stop waits for the broker to take dead letters and offsets. */
const TELL_MS = 5_000;

/** Creates the consumer of a partition, for one assignment; `start` it, and `stop` it when the partition belongs to others. */
export class PartitionConsumer {
  readonly #parts: ConsumerParts;
  readonly of: GroupPartition;
  readonly #destination: MessageDestination;
  readonly #stopped = new AbortController();
  #position: bigint | undefined;
  readonly #waiting: WaitingMessages;
  readonly #commits: OffsetCommits;
  /** The offset after the messages that wait. */
  #nextOffset = 0n;
  #endOffset = 0n;
  /** The last stored record, until the topic has shown that it still has it. */
  #expected: Position['last'];
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isReady = false;
  #isDraining = false;
  #work: Promise<void> = Promise.resolve();
  #running = 0;
  /** Most records of the next batch: fewer after one that the database did not take, for example because it takes too long. */
  #most: number;
  /** Why it does not get on; undefined when it does. */
  trouble: string | undefined;
  /** Where a write began that has not succeeded yet. Until it has, a position that can be read is no sign that all is well. */
  #stuck: { readonly at: bigint | undefined } | undefined;

  constructor(parts: ConsumerParts, of: GroupPartition, destination: MessageDestination) {
    this.#parts = parts;
    this.of = of;
    this.#destination = destination;
    this.#most = parts.batch.rows;
    this.#waiting = new WaitingMessages(parts.batch.rows, parts.backlog);
    this.#commits = new OffsetCommits(parts, of, this.#stopped.signal);
  }

  /** Records that are in the topic and not stored, as far as known. */
  get lag(): number {
    const isAllStored = this.#isReady && this.#waiting.length === 0;
    const stored = isAllStored ? this.#nextOffset : (this.#position ?? 0n);
    return Math.max(0, Number(this.#endOffset - stored));
  }

  /** Reads the stored position and has the partition fetched from there, once the work of an earlier assignment has ended. */
  start(after: Promise<unknown>): void {
    this.#run(async () => {
      await after;
      await this.#seek();
    });
  }

  /** Continues at the stored position, because the source has lost its place. */
  seekAgain(): void {
    this.#isReady = false;
    this.#run(() => this.#seek());
  }

  /** Ends the work on the partition, after the write that is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#work;
    this.#waiting.clear();
  }

  /** Takes no more messages, and writes those that are there, for as long as that succeeds. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    // While nothing can be stored, an end must not wait for the database: the records are read again.
    if (this.trouble !== undefined) return;
    await this.#work;
    while (this.#waiting.length > 0 && this.trouble === undefined && !this.#stopped.signal.aborted) {
      this.#since = Number.NEGATIVE_INFINITY;
      this.#kick();
      await this.#work;
    }
    // What the topic of dead letters does not get in this time waits in the outbox.
    await Promise.race([this.#commits.done, pause(TELL_MS, this.#stopped.signal)]);
  }

  /** Has the partition fetched again, when there is room. */
  resume(): void {
    if (!this.#isPaused || !this.#isReady || !this.#waiting.hasRoom) return;
    this.#isPaused = false;
    this.#parts.source.resume(this.of);
  }

  /** Takes messages that continue where the previous ones ended. */
  take({ messages, nextOffset, endOffset }: Fetched): void {
    if (!this.#isReady || this.#isDraining || this.#stopped.signal.aborted) return;
    const own = this.#verified(messages);
    if (own === undefined) return;
    if (this.#waiting.length === 0 && own.length > 0) this.#since = performance.now();
    this.#waiting.add(own);
    this.#nextOffset = nextOffset;
    this.#endOffset = endOffset;
    if (!this.#isPaused && !this.#waiting.hasRoom) {
      this.#isPaused = true;
      this.#parts.source.pause(this.of);
    }
    this.#kick();
  }

  /** The messages without the one that was stored last. It was fetched again to see that the topic is still the same. */
  #verified(messages: readonly Message[]): readonly Message[] | undefined {
    const expected = this.#expected;
    if (expected === undefined) return messages;
    this.#expected = undefined;
    const [first] = messages;
    if (first?.offset === expected.offset && recordDigest(first) !== expected.digest) {
      const { topic, partition, group } = this.of;
      this.#isReady = false;
      this.#parts.onFailure(
        new UsageError(
          `the record at offset ${expected.offset} of ${topic}/${partition} is another one than the one that was stored: the topic was deleted and made anew, or lost its end. Nothing was skipped. To read the topic from its beginning, run "${invocation(`consume reset --topic ${topic} --to beginning`)}" for group ${group}`,
        ),
      );
      return undefined;
    }
    const stored = this.#position ?? 0n;
    return messages.filter(({ offset }) => offset >= stored);
  }

  #kick(): void {
    if (this.#running > 0 || !this.#isReady || this.#waiting.length === 0 || this.#stopped.signal.aborted)
      return;
    const left = this.#since + this.#parts.batch.ms - performance.now();
    if (left > 0 && this.#waiting.length < this.#most && this.#waiting.hasRoom) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#kick();
      }, left);
      return;
    }
    this.#run(() => this.#parts.limit(() => this.#write()));
  }

  /** Runs pieces of work one after the other; after a failure the position is read again, until that succeeds. */
  #run(work: () => Promise<void>): void {
    this.#running += 1;
    this.#work = this.#work
      .then(() => this.#retried(work))
      .finally(() => {
        this.#running -= 1;
        this.#kick();
      });
  }

  async #retried(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopped;
    const { topic, partition } = this.of;
    let next = work;
    for (let attempt = 2; !signal.aborted; attempt += 1) {
      try {
        await next();
        if (this.#stuck === undefined) this.#settle();
        return;
      } catch (error) {
        next = () => this.#seek();
        if (signal.aborted) return;
        if (error instanceof PositionMoved) {
          this.#parts.log.info({ topic, partition }, 'another consumer has stored these records');
          continue;
        }
        if (error instanceof UsageError) {
          this.trouble = error.message;
          this.#parts.onFailure(error);
          return;
        }
        const reason = messageOf(error);
        // Each partition says it once: many of them that try again would fill the log.
        const level = reason === this.trouble ? 'debug' : 'warn';
        this.trouble = reason;
        this.#parts.log[level](
          { topic, partition, reason },
          'records cannot be stored now; nothing is lost, the next try follows',
        );
        this.#release();
        if (this.#isDraining) return;
        await pause(pauseBefore(attempt), signal);
      }
    }
  }

  #settle(): void {
    const { topic, partition } = this.of;
    if (this.trouble !== undefined) this.#parts.log.info({ topic, partition }, 'records can be stored again');
    this.trouble = undefined;
  }

  /** Forgets what was fetched and continues at the stored position. */
  async #seek(): Promise<void> {
    this.#isReady = false;
    this.#waiting.clear();
    const { source, pool } = this.#parts;
    const position = await readPosition(pool, this.of);
    // The source may have given the partition to others in the meantime.
    if (this.#stopped.signal.aborted) return;
    this.#position = position?.nextOffset;
    this.#nextOffset = position?.nextOffset ?? 0n;
    if (this.#stuck?.at !== this.#position) this.#stuck = undefined;
    this.#expected = position?.last;
    this.#isReady = true;
    this.#isPaused = false;
    await source.seek(this.of, position?.nextOffset, position?.last?.offset);
    this.#commits.begin(this.#position);
  }

  /** Fetches no more before the next try, and leaves the room to others: these records are fetched again in any case. */
  #release(): void {
    this.#isReady = false;
    this.#isPaused = false;
    this.#parts.source.pause(this.of);
    this.#waiting.clear();
  }

  async #write(): Promise<void> {
    const { metrics, letters, log } = this.#parts;
    const { topic, partition } = this.of;
    const messages = this.#waiting.oldest(this.#most);
    const isAll = messages.length === this.#waiting.length;
    const last = messages.at(-1);
    if (last === undefined) return;
    const to = isAll ? this.#nextOffset : last.offset + 1n;
    const began = performance.now();
    this.#stuck = { at: this.#position };
    const result = await storeMessages(this.#destination, messages, (part, isLast) => {
      const before = messages[messages.indexOf(part[0] as Message) - 1];
      const end = part.at(-1) as Message;
      return onceAt({
        of: this.of,
        from: before === undefined ? this.#position : before.offset + 1n,
        to: isLast ? to : end.offset + 1n,
        last: end,
        toTopic: letters !== undefined,
      });
    }).catch((error: unknown) => {
      if (isServerAnswer(error)) this.#most = Math.ceil(messages.length / 2);
      throw error;
    });
    this.#most = Math.min(2 * this.#most, this.#parts.batch.rows);
    this.#position = to;
    this.#stuck = undefined;
    this.#waiting.remove(messages);
    this.#since = performance.now();
    metrics.stored(topic, messages.length, result, (performance.now() - began) / 1_000);
    const { stored, rejected } = result;
    if (rejected > 0)
      log.warn({ topic, partition, stored, rejected }, 'rows were refused and are kept as dead letters');
    this.#commits.stored(to, rejected > 0);
  }
}
