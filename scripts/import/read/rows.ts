// Reads the rows of a batch as texts, one after the other, because all of them together need many times the memory of the bytes.
import type { Refusal } from '../options';
import type { Cut } from './batches';
import type { RecordScanner } from './record-scanner';
import type { RowSource } from './row-source';

/** Where a row stands in its batch. */
export interface PlacedRow {
  readonly place: number;
  /** Physical line that it starts on. */
  readonly line: number;
  /** Its bytes in the batch, without the line break. */
  readonly from: number;
  readonly end: number;
}

/** A row with its values, one per filled column. */
export interface TextRow extends PlacedRow {
  readonly texts: readonly (string | null)[];
}

/** A row that is refused, with its place in the batch. */
export interface Verdict extends Refusal {
  readonly place: number;
}

/** Reads the rows of a batch, or why a record has no values. `wants` chooses rows by their places. */
export function* readRows(
  source: RowSource,
  { bytes, line }: Cut,
  wants: (place: number) => boolean,
): Generator<TextRow | Verdict> {
  for (const row of recordsOf(source.scanner, bytes, line)) {
    if (!wants(row.place)) continue;
    const texts = source.texts(bytes, row.from);
    yield 'reason' in texts ? verdictOn(bytes, row, texts.reason) : { ...row, texts };
  }
}

/** The bytes of a batch without the rows at these places, piece by piece. */
export function* withoutRows(
  { scanner }: RowSource,
  bytes: Buffer,
  places: ReadonlySet<number>,
): Generator<Buffer> {
  let start = 0;
  if (places.size > 0)
    for (const { place, from, next } of recordsOf(scanner, bytes, 1)) {
      if (!places.has(place)) continue;
      if (from > start) yield bytes.subarray(start, from);
      start = next;
    }
  if (start < bytes.length) yield bytes.subarray(start);
}

/** The records of a batch that are not blank. */
function* recordsOf(
  scanner: RecordScanner,
  bytes: Buffer,
  firstLine: number,
): Generator<PlacedRow & { readonly next: number }> {
  let [place, line] = [0, firstLine];
  for (let from = 0; from < bytes.length; ) {
    const next = scanner.next(bytes, from, true);
    const { blank, end, lines } = scanner;
    if (!blank) {
      yield { place, line, from, end, next };
      place += 1;
    }
    line += lines;
    from = next;
  }
}

/** Refuses a row for a reason. */
export function verdictOn(bytes: Buffer, { place, line, from, end }: PlacedRow, reason: string): Verdict {
  return { place, line, reason, original: bytes.toString('utf8', from, end) };
}
