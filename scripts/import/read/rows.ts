// The rows of a batch as texts, some at a time: a whole batch of them would be many times its bytes.
import type { Refusal } from '../options';
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

/** Rows that follow each other in a batch, and those between them that are none. */
export interface RowSlice {
  readonly rows: readonly TextRow[];
  readonly refused: readonly Verdict[];
}

const SLICE = 1_000;

/** Reads the rows of a batch, whole records that start on `line`. `wants` chooses rows by their places. */
export function* readRows(
  source: RowSource,
  bytes: Buffer,
  line: number,
  wants: (place: number) => boolean,
): Generator<RowSlice> {
  let rows: TextRow[] = [];
  let refused: Verdict[] = [];
  let place = 0;
  let current = line;
  for (let at = 0; at < bytes.length; ) {
    const next = source.next(bytes, at, true);
    if (source.kind === 'row') {
      if (wants(place)) {
        const texts = source.texts(bytes, at);
        const row = { place, line: current, from: at, end: source.end };
        if ('reason' in texts) refused.push(verdictOn(bytes, row, texts.reason));
        else rows.push({ ...row, texts });
      }
      place += 1;
    }
    current += source.lines;
    at = next;
    if (rows.length + refused.length < SLICE) continue;
    yield { rows, refused };
    rows = [];
    refused = [];
  }
  if (rows.length + refused.length > 0) yield { rows, refused };
}

/** The bytes of a batch, piece by piece, without the rows at these places. */
export function* withoutRows(
  source: RowSource,
  bytes: Buffer,
  places: ReadonlySet<number>,
): Generator<Buffer> {
  let [place, start] = [0, 0];
  for (let at = 0; places.size > 0 && at < bytes.length; ) {
    const next = source.next(bytes, at, true);
    if (source.kind === 'row') {
      if (places.has(place)) {
        if (at > start) yield bytes.subarray(start, at);
        start = next;
      }
      place += 1;
    }
    at = next;
  }
  if (start < bytes.length) yield bytes.subarray(start);
}

/** Refuses a row for a reason. */
export function verdictOn(bytes: Buffer, { place, line, from, end }: PlacedRow, reason: string): Verdict {
  return { place, line, reason, original: bytes.toString('utf8', from, end) };
}
