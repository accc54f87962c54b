// Cuts a stream of bytes into batches of whole records. Where it cuts depends on the bytes only, never on how they arrive.
import { UsageError } from '../../../db/core/errors';
import { INCOMPLETE } from './csv-scanner';
import type { RowSource } from './row-source';

/** How batches are cut; kept with an import, because one that was begun must go on with the same cuts. */
export const LAYOUT = '1 MiB, 20000 records';
const MOST_BYTES = 1024 * 1024;
const MOST_RECORDS = 20_000;
/** A record that is longer is taken for a quote that somebody forgot to close. */
const LONGEST_RECORD = 8 * 1024 * 1024;

/** Whole records. */
export interface Cut {
  readonly bytes: Buffer;
  /** Physical line that it starts on, from 1. */
  readonly line: number;
}

/** A record of a cut. */
export type Visit = (bytes: Buffer, from: number, line: number) => void;

/**
 * Yields cuts; `visit` has seen each record of a cut, blank ones too, when it is yielded.
 * @param line physical line that the bytes start on.
 * @throws UsageError for a quote that is not closed, which may hide any number of rows.
 */
export async function* cutBatches(
  chunks: AsyncIterable<Buffer>,
  source: RowSource,
  file: string,
  line: number,
  visit: Visit,
): AsyncGenerator<Cut> {
  const waiting = new Waiting(chunks);
  try {
    yield* cutAll(waiting, source, file, line, visit);
  } finally {
    await waiting.close();
  }
}

async function* cutAll(
  waiting: Waiting,
  source: RowSource,
  file: string,
  line: number,
  visit: Visit,
): AsyncGenerator<Cut> {
  let first = line;
  for (;;) {
    let want = MOST_BYTES;
    let bytes = await waiting.atLeast(want);
    if (bytes.length === 0) return;
    let [at, records, current] = [0, 0, first];
    while (records < MOST_RECORDS && at < bytes.length) {
      const next = source.next(bytes, at, waiting.atEnd);
      if (next === INCOMPLETE) {
        if (at > 0 && !waiting.atEnd) break;
        if (waiting.atEnd || bytes.length > LONGEST_RECORD) throw unclosed(file, current, source.openQuote);
        want *= 2;
        bytes = await waiting.atLeast(want);
        continue;
      }
      // A cut never depends on how much more is there already.
      if (at > 0 && next > MOST_BYTES) break;
      visit(bytes, at, current);
      current += source.lines;
      records += 1;
      at = next;
    }
    yield { bytes: bytes.subarray(0, at), line: first };
    waiting.drop(at);
    first = current;
  }
}

const unclosed = (file: string, line: number, openQuote: boolean): UsageError =>
  new UsageError(
    openQuote
      ? `${file}, line ${line}: a quote is opened and not closed, so it is unknown where rows end; nothing was imported`
      : `${file}, line ${line}: the record is longer than ${LONGEST_RECORD} bytes; is this CSV, and is a quote open? Nothing was imported`,
  );

/** Bytes that have arrived and were not taken yet. */
class Waiting {
  atEnd = false;
  // One place for all bytes that pass: a new one for each batch would pile up until they are collected.
  #store: Buffer = Buffer.allocUnsafeSlow(2 * MOST_BYTES);
  #length = 0;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** All that waits, more than `count` bytes of it unless the stream ends before; good until the next call. */
  async atLeast(count: number): Promise<Buffer> {
    while (this.#length <= count && !this.atEnd) {
      const { value, done } = await this.#chunks.next();
      if (done === true) this.atEnd = true;
      else this.#append(value);
    }
    return this.#store.subarray(0, this.#length);
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#store.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length);
      this.#store.copy(larger, 0, 0, this.#length);
      this.#store = larger;
    }
    chunk.copy(this.#store, this.#length);
    this.#length = length;
  }

  drop(count: number): void {
    const dropped = Math.min(count, this.#length);
    this.#store.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
  }

  /** Lets go of the stream, at its end or before. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** A batch's bytes, good until they are released. */
export interface Held {
  readonly bytes: Buffer;
  readonly release: () => void;
}

/** Cuts the same bytes again, by lengths that are known. */
export async function* cutByLengths(
  chunks: AsyncIterable<Buffer>,
  skip: number,
  lengths: Iterable<number>,
): AsyncGenerator<Held> {
  const waiting = new Waiting(chunks);
  const free: Buffer[] = [];
  try {
    await waiting.atLeast(skip);
    waiting.drop(skip);
    for (const length of lengths) {
      const bytes = await waiting.atLeast(length);
      // Workers keep some at a time. They are used again: what is dropped piles up until it is collected.
      const store = length > MOST_BYTES ? undefined : (free.pop() ?? Buffer.allocUnsafeSlow(MOST_BYTES));
      const held =
        store?.subarray(0, bytes.copy(store, 0, 0, length)) ?? Buffer.from(bytes.subarray(0, length));
      yield { bytes: held, release: () => store && free.push(store) };
      waiting.drop(length);
    }
  } finally {
    await waiting.close();
  }
}
