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
  const { columns } = rows;
  const out = new TextBytes(syntax);
  const [betweenRows, afterRow, none] = [syntax.betweenRows, syntax.afterRow, syntax.null].map((text) =>
    Buffer.from(text),
  ) as [Buffer, Buffer, Buffer];
  const members = syntax.members.map(({ before, column = columns.length }) => {
    const { kind = 'other', read = String } = columns[column] ?? {};
    return { before: Buffer.from(before), column, writePlain: PLAIN_WRITERS[kind], read };
  });
  // Where the values of a row begin and end. The last pair is that of a column that does not exist.
  const starts = new Int32Array(columns.length + 1);
  const ends = new Int32Array(columns.length + 1).fill(-1);
  let isFirst = true;
  for (const { bytes } of rows.packs()) {
    for (let at = 0; at < bytes.length; ) {
      at = findValues(bytes, at, starts, ends);
      if (!isFirst) out.add(betweenRows);
      isFirst = false;
      for (const { before, column, writePlain, read } of members) {
        out.add(before);
        const [start, end] = [starts[column] as number, ends[column] as number];
        if (end < start) out.add(none);
        else if (!writePlain(out, bytes, start, end))
          out.add(Buffer.from(syntax.write(read(bytes.toString('utf8', start, end)))));
      }
      out.add(afterRow);
      if (out.full.length > 0) yield* out.full.splice(0);
    }
  }
  yield* out.rest();
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
