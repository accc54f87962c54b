// Counts what the first pass sees in the records of one batch, and notes which of them the server must be asked about.
import { isUtf8 } from 'node:buffer';
import { timeOf } from '../read/certain-values';
import type { Cell } from '../read/melt';
import type { RowSource } from '../read/row-source';

/** What a tally needs to know besides the records. */
export interface TallyInput {
  readonly source: RowSource;
  /** Microseconds since 1970: rows before this time are past retention. */
  readonly expiry: number;
  /** Microseconds of which two rows lie in one chunk, or in two that touch. */
  readonly span: number;
}

/** What the records of a batch are. */
export interface Tallied {
  /** Number of rows: of records that are not blank, or with --melt of their cells that are not empty. */
  readonly records: number;
  /** Places of the rows that the server must be asked about. The times and the expired rows are those of the others. */
  readonly uncertain: readonly number[];
  /** The server can read the bytes of the batch as they are, as far as the records between its values are concerned. */
  readonly isUniform: boolean;
  /** With --melt: number of cells that give no row. */
  readonly emptyCells: number;
  readonly expired: number;
  /** The first and the last time in each span. */
  readonly times: readonly string[];
}

type Bounds = [first: number, last: number];

/** The tally of one batch. */
export class Tally {
  #records = 0;
  #emptyCells = 0;
  #uncertain: number[] = [];
  #hasBlanks = false;
  readonly #lineBreaks = new Set<string>();
  #expired = 0;
  readonly #spans = new Map<number, Bounds>();
  #span = Number.NaN;
  #bounds: Bounds = [Number.NaN, Number.NaN];

  constructor(private readonly input: TallyInput) {}

  /** Adds the record that the source's scanner found last. */
  add(bytes: Buffer): void {
    const { scanner } = this.input.source;
    if (scanner.blank) {
      this.#hasBlanks = true;
      return;
    }
    const cells = this.input.source.cells?.();
    if (cells !== undefined) {
      this.#addCells(cells);
      return;
    }
    if (scanner.lineBreak !== '') this.#lineBreaks.add(scanner.lineBreak);
    const time = this.input.source.certainTime(bytes);
    if (Number.isNaN(time)) this.#uncertain.push(this.#records);
    else this.#addTime(time);
    this.#records += 1;
  }

  #addCells(cells: readonly (Cell | undefined)[]): void {
    const isWhole = cells.length === 1 && cells[0] === undefined;
    if (!isWhole) this.#emptyCells += this.input.source.width - cells.length;
    for (let n = 0; n < cells.length; n += 1) {
      this.#uncertain.push(this.#records);
      this.#records += 1;
    }
  }

  #addTime(time: number): void {
    if (time < this.input.expiry) this.#expired += 1;
    const span = Math.floor(time / this.input.span);
    // Most records lie in the same span as the one before.
    if (span !== this.#span) {
      this.#span = span;
      this.#bounds = this.#spans.get(span) ?? [time, time];
      this.#spans.set(span, this.#bounds);
    }
    if (time < this.#bounds[0]) this.#bounds[0] = time;
    if (time > this.#bounds[1]) this.#bounds[1] = time;
  }

  /** Ends the tally. `bytes` holds exactly the records that were added. */
  finish(bytes: Buffer): Tallied {
    const [records, emptyCells] = [this.#records, this.#emptyCells];
    // The server would take a blank line for a row. Before PostgreSQL 18, `\.` on a line of its own ends a COPY, even inside quotes.
    const hadLocalTimes = this.input.source.hadLocalTimes();
    const isUniform =
      !hadLocalTimes && !this.#hasBlanks && this.#lineBreaks.size <= 1 && !bytes.includes('\\.');
    // Where the bytes are not text, every record is uncertain; the server's check finds the one that is at fault.
    if (!isUtf8(bytes) || bytes.includes(0))
      return { records, emptyCells, isUniform, uncertain: [...Array(records).keys()], expired: 0, times: [] };
    const times = [...new Set([...this.#spans.values()].flat())].map(timeOf);
    return { records, emptyCells, isUniform, uncertain: this.#uncertain, expired: this.#expired, times };
  }
}
