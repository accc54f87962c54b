// Reads the rows of a batch as texts, one after the other, because all of them together need many times the memory of the bytes.
import type { Refusal } from '../options';
import type { Cut } from './batches';
import { type Cell, WHOLE_RECORD } from './melt';
import type { RowSource, Values } from './row-source';

/** Where a row stands in its batch. */
export interface PlacedRow {
  readonly place: number;
  /** Physical line that it starts on. */
  readonly line: number;
  /** Its bytes in the batch, without the line break. */
  readonly from: number;
  readonly end: number;
  /** With --melt: the field that the row is made of. */
  readonly cell: Cell | undefined;
}

/** A row with its values, one per filled column. */
export interface TextRow extends PlacedRow, Values {}

/** A row that is refused, with its place in the batch. */
export interface Verdict extends Refusal {
  readonly place: number;
}

/** Reads rows of a batch, or why they have no values. `wants` chooses them by their places. */
export function* readRows(
  source: RowSource,
  cut: Cut,
  wants: (place: number) => boolean,
): Generator<TextRow | Verdict> {
  for (const { row } of recordsOf(source, cut, wants)) {
    const values = source.texts(cut.bytes, row.from, row.cell);
    yield 'reason' in values ? verdictOn(cut.bytes, row, values.reason) : { ...row, ...values };
  }
}

/** The bytes of a batch without the rows at these places, piece by piece. */
export function* withoutRows(source: RowSource, cut: Cut, places: ReadonlySet<number>): Generator<Buffer> {
  let start = 0;
  for (const { row, next } of places.size > 0 ? recordsOf(source, cut, (place) => places.has(place)) : []) {
    if (row.from > start) yield cut.bytes.subarray(start, row.from);
    start = next;
  }
  if (start < cut.bytes.length) yield cut.bytes.subarray(start);
}

/** The rows at the wanted places. Blank records have no place. `next` is where the next record starts. */
function* recordsOf(
  source: RowSource,
  cut: Cut,
  wants: (place: number) => boolean,
): Generator<{ readonly row: PlacedRow; readonly next: number }> {
  const { scanner } = source;
  let { line } = cut;
  let place = 0;
  for (let from = 0; from < cut.bytes.length; ) {
    const next = scanner.next(cut.bytes, from, true);
    const { blank, end, lines } = scanner;
    for (const cell of blank ? [] : (source.cells?.() ?? WHOLE_RECORD)) {
      if (wants(place)) yield { row: { place, line, from, end, cell }, next };
      place += 1;
    }
    line += lines;
    from = next;
  }
}

/** Refuses a row for a reason. */
export function verdictOn(bytes: Buffer, { place, line, from, end, cell }: PlacedRow, why: string): Verdict {
  const reason = cell === undefined ? why : `field ${cell.field}: ${why}`;
  return { place, line, reason, original: bytes.toString('utf8', from, end) };
}
