// The rows of a buffered writer: collected into batches in their order, and limited in number.
import { randomUUID } from 'node:crypto';
import type { WriterCounters } from './sink';

/** Bounds of the queue. */
export interface QueueLimits {
  readonly maxRows: number;
  readonly maxDelayMs: number;
  readonly maxWaitingRows: number;
}

/** A batch, or rows that wait to become part of a batch. */
export interface Entry<Row> {
  readonly key: string;
  readonly rows: Row[];
  /** Number of the first call that brought rows. */
  readonly first: number;
  /** When it was created, in milliseconds of a monotonic clock. */
  readonly since: number;
  size: number;
  /** Whether it is complete: no rows are added any more. */
  isWhole: boolean;
}

interface Waiting<Row> {
  readonly entry: Entry<Row>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Holds rows until they are stored. */
export class WriteQueue<Row> {
  readonly #limits: QueueLimits;
  /** Not started, oldest first. */
  #batches: Entry<Row>[] = [];
  readonly #underway = new Set<Entry<Row>>();
  /** Calls that wait for room. */
  #line: Waiting<Row>[] = [];
  #held = 0;
  #calls = 0;
  #flushUpTo = 0;
  #accepted = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Number of batches that were started and are not done yet. */
  get underway(): number {
    return this.#underway.size;
  }

  /** Takes rows, as a separate batch when there is a key; resolves when there is room for them. */
  take(rows: Row[], size: number, key: string | undefined): Promise<void> {
    this.#calls += 1;
    const entry: Entry<Row> = {
      key: key ?? '',
      rows,
      first: this.#calls,
      since: performance.now(),
      size,
      isWhole: key !== undefined,
    };
    if (this.#line.length === 0 && this.#fits(entry)) {
      this.#put(entry);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#line.push({ entry, resolve, reject }));
  }

  /** Makes all rows that were taken due; returns the number of the last call. */
  flushAll(): number {
    this.#flushUpTo = this.#calls;
    return this.#calls;
  }

  /** Starts the next batch, if it is due. */
  start(isLast: boolean): Entry<Row> | undefined {
    const [batch] = this.#batches;
    if (!batch || !(isLast || this.#isDue(batch))) return undefined;
    this.#batches.shift();
    batch.isWhole = true;
    this.#underway.add(batch);
    return batch;
  }

  /** A started batch was stored: its room is free. */
  done(batch: Entry<Row>): void {
    this.#underway.delete(batch);
    this.#held -= batch.size;
    for (let [next] = this.#line; next && this.#fits(next.entry); [next] = this.#line) {
      this.#line.shift();
      this.#put(next.entry);
      next.resolve();
    }
  }

  /** A started batch was not stored: it gets its old place back. */
  putBack(batch: Entry<Row>): void {
    this.#underway.delete(batch);
    this.#batches = [...this.#batches, batch].sort((a, b) => a.first - b.first);
  }

  /** Rejects all calls that wait for room. */
  turnAway(error: Error): void {
    for (const { reject } of this.#line.splice(0)) reject(error);
  }

  /** Number of the first call whose rows are not all stored; Infinity when all are. */
  oldest(): number {
    const firsts = [...this.#underway, ...this.#batches.slice(0, 1)].map(({ first }) => first);
    return Math.min(...firsts, this.#line[0]?.entry.first ?? Number.POSITIVE_INFINITY);
  }

  /** How long until the next batch is due by its age; undefined when there is none. */
  msUntilDue(): number | undefined {
    const [batch] = this.#batches;
    return batch && Math.max(0, Math.ceil(batch.since + this.#limits.maxDelayMs - performance.now()));
  }

  /** All batches that are not stored, in order. */
  batches(): readonly Entry<Row>[] {
    return [...this.#underway, ...this.#batches].sort((a, b) => a.first - b.first);
  }

  /** Numbers of rows. */
  counts(): Pick<WriterCounters, 'accepted' | 'waiting' | 'inFlight'> {
    const rowsOf = (batches: Iterable<Entry<Row>>) =>
      [...batches].reduce((sum, { rows }) => sum + rows.length, 0);
    return { accepted: this.#accepted, waiting: rowsOf(this.#batches), inFlight: rowsOf(this.#underway) };
  }

  // A batch that is larger than the whole limit is taken when it is the only one.
  #fits({ size }: Entry<Row>): boolean {
    return this.#held === 0 || this.#held + size <= this.#limits.maxWaitingRows;
  }

  #isDue({ isWhole, first, since }: Entry<Row>): boolean {
    // A call that waits for room must not also wait for the age of earlier rows.
    const isWanted = isWhole || first <= this.#flushUpTo || this.#line.length > 0;
    return isWanted || performance.now() - since >= this.#limits.maxDelayMs;
  }

  #put(entry: Entry<Row>): void {
    const { maxRows } = this.#limits;
    this.#held += entry.size;
    this.#accepted += entry.rows.length;
    const last = this.#batches.at(-1);
    if (last && !last.isWhole && !entry.isWhole && last.size + entry.size <= maxRows) {
      last.rows.push(...entry.rows);
      last.size += entry.size;
      last.isWhole = last.size >= maxRows;
      return;
    }
    // Later rows must not join a batch that is before this one.
    if (last) last.isWhole = true;
    const isWhole = entry.isWhole || entry.size >= maxRows;
    this.#batches.push({ ...entry, key: entry.key === '' ? randomUUID() : entry.key, isWhole });
  }
}
