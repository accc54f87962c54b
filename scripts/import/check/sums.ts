// Adds up what the first pass sees of the records whose values are beyond doubt, and remembers the others.
import { isUtf8 } from 'node:buffer';
import { chunkSpanMs } from '../../../api/ingest/row-reader';
import type { ImportOptions } from '../options';
import type { Cut } from '../read/batches';
import { timeOf } from '../read/certain-values';
import type { RowSource } from '../read/row-source';

/** What the records of a cut are. Bounds, times and expired rows are of those that are beyond doubt. */
export interface Found {
  readonly records: number;
  /** Places of the rows that the server must be asked about. */
  readonly doubtful: readonly number[];
  /** Nothing but the values themselves is in the way of sending the bytes as they stand. */
  readonly isUniform: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly expired: number;
  /** A time in each chunk that they need, if not in more. */
  readonly times: readonly string[];
}

/** Adds up the records of the cut that is being made. */
export class Sums {
  #records = 0;
  #doubtful: number[] = [];
  #hasBlanks = false;
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
    if (source.scanner.blank) {
      this.#hasBlanks = true;
      return;
    }
    const place = this.#records;
    this.#records += 1;
    if (source.scanner.lineBreak !== '') this.#breaks.add(source.scanner.lineBreak);
    const time = source.certainTime(bytes);
    if (Number.isNaN(time)) {
      this.#doubtful.push(place);
      return;
    }
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

  /** What was added since the last time; the cut holds exactly these records. */
  take({ bytes }: Cut): Found {
    // Bytes that are no text make every record doubtful: which one they are in shows record by record.
    const isText = isUtf8(bytes) && !bytes.includes(0);
    const sure = isText ? this.#records - this.#doubtful.length : 0;
    const found = {
      records: this.#records,
      doubtful: isText ? this.#doubtful : Array.from({ length: this.#records }, (_, place) => place),
      // The server would take a blank line for a row; and `\.` on a line of its own, even inside quotes, ends a COPY
      // before PostgreSQL 18.
      isUniform: !this.#hasBlanks && this.#breaks.size <= 1 && !bytes.includes('\\.'),
      from: sure > 0 ? timeOf(this.#from) : null,
      to: sure > 0 ? timeOf(this.#to) : null,
      expired: isText ? this.#expired : 0,
      times: sure > 0 ? [...new Set([...this.#spans.values()].flat())].map(timeOf) : [],
    };
    this.#records = 0;
    this.#doubtful = [];
    this.#hasBlanks = false;
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
