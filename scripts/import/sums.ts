// Adds up what the first pass sees of each record whose values are beyond doubt.
import { isUtf8 } from 'node:buffer';
import { chunkSpanMs } from '../../api/ingest/row-reader';
import type { Cut } from './batches';
import type { ImportOptions } from './options';
import type { RowSource } from './row-source';
import { timeOf } from './sure-values';

/** Adds up the records of the cut that is being made. */
export class Sums {
  #records = 0;
  #sure = true;
  #breaks = new Set<string>();
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;
  #expired = 0;
  #span = Number.NaN;
  readonly #spans = new Map<number, [first: number, last: number]>();
  #current: [first: number, last: number] | undefined;
  readonly #width: number;

  constructor(
    options: ImportOptions,
    private readonly source: RowSource,
    private readonly edge: number,
  ) {
    this.#width = chunkSpanMs(options.table) * 1_000;
  }

  add(bytes: Buffer): void {
    const { source } = this;
    if (source.kind === 'blank') {
      // The server would take it for a row.
      this.#sure = false;
      return;
    }
    this.#records += 1;
    if (!this.#sure) return;
    const time = source.sureTime(bytes);
    if (Number.isNaN(time)) {
      this.#sure = false;
      return;
    }
    if (source.lineBreak !== '') this.#breaks.add(source.lineBreak);
    if (time < this.#from) this.#from = time;
    if (time > this.#to) this.#to = time;
    if (time < this.edge) this.#expired += 1;
    const span = Math.floor(time / this.#width);
    if (span !== this.#span || !this.#current) {
      this.#span = span;
      this.#current = this.#spans.get(span);
      if (!this.#current) {
        this.#current = [time, time];
        this.#spans.set(span, this.#current);
      }
    }
    if (time < this.#current[0]) this.#current[0] = time;
    if (time > this.#current[1]) this.#current[1] = time;
  }

  /** What was added since the last time. */
  take({ bytes }: Cut) {
    const times = new Set([...this.#spans.values()].flat());
    const found = {
      records: this.#records,
      sure: this.#sure && this.#records > 0 && this.#breaks.size <= 1 && isPlain(bytes),
      from: this.#records > 0 && this.#sure ? timeOf(this.#from) : null,
      to: this.#records > 0 && this.#sure ? timeOf(this.#to) : null,
      expired: this.#expired,
      times: [...times].map(timeOf),
    };
    this.#records = 0;
    this.#sure = true;
    this.#breaks = new Set();
    this.#from = Number.POSITIVE_INFINITY;
    this.#to = Number.NEGATIVE_INFINITY;
    this.#expired = 0;
    this.#spans.clear();
    this.#current = undefined;
    this.#span = Number.NaN;
    return found;
  }
}

// `\.` on a line of its own, even inside quotes, ends a COPY for servers before PostgreSQL 18.
const isPlain = (bytes: Buffer): boolean => !bytes.includes(0) && !bytes.includes('\\.') && isUtf8(bytes);
