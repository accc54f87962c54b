// Writes packed rows from the bytes of the database to the bytes of an answer. A value becomes one of JavaScript only where its text
// may have to be another one.
import type { Column, PackedRows } from './packed-rows';
import { PLAIN_WRITERS, TextBytes } from './value-bytes';

/** How rows are written. */
export interface RowSyntax {
  /** The members of a row in their order: what stands before the value, and the number of the column; undefined = there is none. */
  readonly members: readonly { readonly before: string; readonly column: number | undefined }[];
  readonly betweenRows: string;
  readonly afterRow: string;
  readonly null: string;
  /** What stands before and after a text. */
  readonly quote: '"' | '';
  /** ASCII characters that a text cannot have when it is written as it is, and those that it cannot begin with. */
  readonly special: string;
  readonly specialFirst: string;
  /** The text of any value but null. */
  readonly write: (value: unknown) => string;
}

/** The columns of a row by name, in the order of its members as an object: the last one of a name counts. */
export const columnsByName = (columns: readonly Column[]): ReadonlyMap<string, number> =>
  new Map(Object.entries(Object.fromEntries(columns.map(({ name }, at) => [name, at]))));

/** The text of the rows, in pieces of about 64 kB. */
export function* packedText(rows: PackedRows<unknown>, syntax: RowSyntax): Generator<Buffer, void> {
  const out = new TextBytes(syntax);
  const write = rowWriter(rows.columns, syntax, out);
  for (const { bytes } of rows.packs())
    for (let at = 0; at < bytes.length; ) {
      at = write(bytes, at);
      yield* out.full.splice(0);
    }
  yield* out.rest();
}

/**
 * A function that writes rows from a place on, until a piece is full or there are no more, and returns the place after them. It takes
 * most of the time of a large answer, so it makes no objects.
 */
function rowWriter(columns: readonly Column[], syntax: RowSyntax, out: TextBytes) {
  const none = Buffer.from(syntax.null);
  const afterRow = Buffer.from(syntax.afterRow);
  const betweenRows = Buffer.from(syntax.betweenRows);
  const members = syntax.members.map(({ before, column = columns.length }) => {
    const { kind = 'other', read = String } = columns[column] ?? {};
    return { before: Buffer.from(before), column, writePlain: PLAIN_WRITERS[kind], read };
  });
  // Where the values of a row begin and end. The last pair is that of a column that does not exist.
  const starts = new Int32Array(columns.length + 1);
  const ends = new Int32Array(columns.length + 1).fill(-1);
  let isFirst = true;
  return (bytes: Buffer, from: number): number => {
    let at = from;
    while (at < bytes.length && out.full.length === 0) {
      at = findValues(bytes, at, starts, ends);
      if (!isFirst) out.add(betweenRows, 0, betweenRows.length);
      isFirst = false;
      for (let n = 0; n < members.length; n += 1) {
        const { before, column, writePlain, read } = members[n] as (typeof members)[number];
        const start = starts[column] as number;
        const end = ends[column] as number;
        out.add(before, 0, before.length);
        if (end < start) out.add(none, 0, none.length);
        else if (!writePlain(out, bytes, start, end)) {
          const text = Buffer.from(syntax.write(read(bytes.toString('utf8', start, end))));
          out.add(text, 0, text.length);
        }
      }
      out.add(afterRow, 0, afterRow.length);
    }
    return at;
  };
}

/** Finds the values of a row, and returns where it ends. A value that is NULL ends before it begins. */
function findValues(bytes: Buffer, row: number, starts: Int32Array, ends: Int32Array): number {
  const count = ((bytes[row] as number) << 8) | (bytes[row + 1] as number);
  let at = row + 2;
  for (let value = 0; value < count; value += 1) {
    const length = int32(bytes, at);
    at += 4;
    starts[value] = at;
    ends[value] = at + length;
    if (length > 0) at += length;
  }
  return at;
}

const int32 = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);
