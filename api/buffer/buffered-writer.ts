// A buffered writer: collects rows, writes them in batches, retries, and neither loses nor duplicates a row. It knows no SQL and
// no HTTP.
import { DatabaseError, messageOf, UsageError } from '../../db/core/errors';
import { pauseBefore } from '../../db/server/retry';
import { pause } from './pause';
import type { KeyedRows, Rejected, Sink, WriterCounters } from './sink';
import { type Entry, WriteQueue } from './write-queue';

/** How a writer collects rows and retries. */
export interface WriterOptions<Row> {
  /** A batch is written when it has this many rows. Default 1000. */
  readonly maxRows?: number;
  /** Longest that a row waits for others, in milliseconds; 0 = only while other batches are being written. Default 5000. */
  readonly maxDelayMs?: number;
  /** Most rows in memory, including those that are being written; when there are more, add() waits. Default 10 × `maxRows`. */
  readonly maxWaitingRows?: number;
  /** Most batches that are written at the same time; with more than 1, their order may change. Default 1. */
  readonly maxInFlight?: number;
  /** How often the writer tries to store a batch before it stops. Default 20, about a minute. */
  readonly attempts?: number;
  /** How many rows a row counts for, when rows differ much in size. Default 1 for each. */
  readonly weigh?: (row: Row) => number;
  /** Stops the writer; see `unwritten`. */
  readonly signal?: AbortSignal;
  /**
   * Receives the rows that cannot be stored. The batch is done when this function has succeeded; when it fails the writer stops,
   * and `resume` calls it again.
   */
  readonly onRefused: (refused: readonly Rejected<Row>[], key: string) => void | Promise<void>;
  /** Is called before each retry, for the log. */
  readonly onRetry?: (retry: {
    readonly key: string;
    readonly attempt: number;
    readonly pauseMs: number;
    readonly reason: string;
  }) => void;
}

interface Flush {
  /** Number of the last call whose rows it waits for. */
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Writes rows to a sink. It stops when a batch cannot be stored, because of a permanent error or after all attempts. Then every
 * call fails with the reason, the rows stay in `unwritten`, and `resume` continues where the writer stopped.
 */
export class BufferedWriter<Row> {
  readonly #sink: Sink<Row>;
  readonly #options: WriterOptions<Row>;
  readonly #queue: WriteQueue<Row>;
  readonly #maxInFlight: number;
  readonly #attempts: number;
  #flushes: Flush[] = [];
  #failure: Error | undefined;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Ends the pauses between tries when the writer stops. */
  #halt = new AbortController();
  #counts = { written: 0, refused: 0, flushes: 0, retries: 0 };

  /** @throws UsageError for a bound that is not a whole number of at least 1 (`maxDelayMs`: 0). */
  constructor(sink: Sink<Row>, options: WriterOptions<Row>) {
    const maxRows = bound('maxRows', options.maxRows ?? 1_000);
    this.#maxInFlight = bound('maxInFlight', options.maxInFlight ?? 1);
    this.#attempts = bound('attempts', options.attempts ?? 20);
    this.#sink = sink;
    this.#options = options;
    this.#queue = new WriteQueue<Row>({
      maxRows,
      maxDelayMs: bound('maxDelayMs', options.maxDelayMs ?? 5_000, 0),
      maxWaitingRows: bound('maxWaitingRows', options.maxWaitingRows ?? 10 * maxRows),
    });
    const { signal } = options;
    const abort = () => this.#stop(signal?.reason, 'writing was aborted');
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  }

  /**
   * Takes a row; waits while the buffer is full. Wait for each call, otherwise memory is not limited.
   * @throws UsageError after close(), DatabaseError when the writer has stopped: then the row was not taken.
   */
  add(row: Row): Promise<void> {
    return this.#take([row], undefined);
  }

  /**
   * Takes rows as a separate batch under a key that the caller can create again: after a crash, the same rows under the same key
   * are stored only once. A key must always stand for the same rows.
   * @throws as add().
   */
  addBatch(rows: readonly Row[], key: string): Promise<void> {
    if (key === '') return Promise.reject(new UsageError('the key of a batch must not be empty'));
    return rows.length === 0 ? Promise.resolve() : this.#take([...rows], key);
  }

  /** Adds every row of a source, no faster than rows can be stored, and flushes; returns the number of rows. */
  async writeAll(rows: Iterable<Row> | AsyncIterable<Row>): Promise<number> {
    let count = 0;
    for await (const row of rows) {
      await this.add(row);
      count += 1;
    }
    await this.flush();
    return count;
  }

  /**
   * Writes all rows without waiting for more; resolves when every row that was added before is stored or was given to
   * `onRefused`.
   * @throws DatabaseError when the writer has stopped, once no batch is being written any more.
   */
  flush(): Promise<void> {
    const upTo = this.#queue.flushAll();
    return new Promise((resolve, reject) => {
      this.#flushes.push({ upTo, resolve, reject });
      this.#next();
    });
  }

  /** The final flush: the writer takes no more rows and writes those that it has. Call it again after `resume`. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.flush();
  }

  /** Continues after the writer has stopped, with the same keys. An aborted writer stays aborted. */
  resume(): void {
    if (this.#options.signal?.aborted) return;
    this.#failure = undefined;
    this.#halt = new AbortController();
    this.#next();
  }

  /** The rows that were taken and may not be stored, in order; to keep them elsewhere or give them to another writer. */
  unwritten(): readonly KeyedRows<Row>[] {
    return this.#queue.batches().map(({ key, rows }) => ({ key, rows: [...rows] }));
  }

  counters(): WriterCounters {
    return { ...this.#counts, ...this.#queue.counts() };
  }

  #take(rows: Row[], key: string | undefined): Promise<void> {
    if (this.#isClosed)
      return Promise.reject(new UsageError('the writer is closed; add rows before close()'));
    if (this.#failure) return Promise.reject(this.#failure);
    const { weigh } = this.#options;
    const size = weigh ? rows.reduce((sum, row) => sum + weigh(row), 0) : rows.length;
    const taken = this.#queue.take(rows, size, key);
    this.#next();
    return taken;
  }

  /** Starts the batches that are due, and resolves the flushes that are complete. */
  #next(): void {
    if (this.#failure) {
      this.#tellFailure(this.#failure);
      return;
    }
    while (this.#queue.underway < this.#maxInFlight) {
      const batch = this.#queue.start(this.#isClosed);
      if (!batch) break;
      // Errors of callbacks end here, too, and never as an unhandled rejection.
      void this.#deliver(batch).catch((error: unknown) => this.#giveUp(batch, error));
    }
    this.#awaitAge();
    const done = this.#flushes.filter(({ upTo }) => upTo < this.#queue.oldest());
    if (done.length === 0) return;
    this.#flushes = this.#flushes.filter((flush) => !done.includes(flush));
    for (const { resolve } of done) resolve();
  }

  async #deliver(batch: Entry<Row>): Promise<void> {
    const { key, rows } = batch;
    const { signal, onRefused, onRetry } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const refused = await this.#sink.write(rows, { key, attempt, signal });
        if (refused.length > 0) await onRefused(refused, key);
        this.#counts.written += rows.length - refused.length;
        this.#counts.refused += refused.length;
        this.#counts.flushes += 1;
        this.#queue.done(batch);
        this.#next();
        return;
      } catch (error) {
        const atLeast = this.#sink.retryAfter(error);
        if (attempt >= this.#attempts || atLeast === undefined || this.#failure) throw error;
        const pauseMs = Math.round(Math.max(pauseBefore(attempt + 1), atLeast));
        this.#counts.retries += 1;
        onRetry?.({ key, attempt: attempt + 1, pauseMs, reason: messageOf(error) });
        await pause(pauseMs, this.#halt.signal);
        if (this.#failure) throw error;
      }
    }
  }

  #giveUp(batch: Entry<Row>, error: unknown): void {
    this.#queue.putBack(batch);
    this.#stop(error, `the batch ${batch.key} could not be written`);
  }

  #stop(cause: unknown, what: string): void {
    // The first failure is reported; failures of other batches follow from it or occur again after resume().
    this.#failure ??= new DatabaseError(
      `${what}: ${messageOf(cause)}; the rows that are not stored are in unwritten(), resume() tries them again under the same keys`,
      { cause },
    );
    this.#halt.abort();
    this.#tellFailure(this.#failure);
  }

  #tellFailure(failure: Error): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.turnAway(failure);
    // As long as a batch is being written, it is not known which rows are not stored.
    if (this.#queue.underway > 0) return;
    for (const { reject } of this.#flushes.splice(0)) reject(failure);
  }

  // The timer keeps the process alive, so that a program that ends by itself has written its last rows.
  #awaitAge(): void {
    const wait = this.#queue.msUntilDue();
    if (wait === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (!this.#timer && this.#queue.underway < this.#maxInFlight) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, wait);
    }
  }
}

function bound(name: string, value: number, least = 1): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new UsageError(`${name} must be a whole number of at least ${least}, got ${value}`);
}
