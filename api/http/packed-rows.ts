// Many rows in little memory: as the bytes that the database sent, outside of the heap of JavaScript. As objects they would take four
// times as much, and the garbage collector would copy all of them.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows in their order: an array, or packed rows. */
export interface Rows<Row> extends Iterable<Row> {
  readonly length: number;
  slice(start: number, end: number): Rows<Row>;
}

/**
 * What the texts of a type are, as the database writes them. Most of them can be shown as they are: `double` has the shortest text
 * of its value, `number` any text of one, `text` is its own value. `other` must be read.
 */
export type TextKind = 'time' | 'double' | 'number' | 'text' | 'other';

/** A column of packed rows. */
export interface Column {
  readonly name: string;
  readonly kind: TextKind;
  /** The value of a text of the database. */
  readonly read: (text: string) => unknown;
}

/** Some rows: for each the number of its values (16 bits), and then for each value its length in bytes (32 bits, -1 = NULL) and its text. */
export interface Pack {
  readonly bytes: Buffer;
  readonly count: number;
}

const FIRST_BYTES = 4 * 1_024;
const MOST_BYTES = 64 * 1_024;

/** Packs rows as they arrive. */
export class Packer {
  /** The number of rows, and their bytes. */
  length = 0;
  bytes = 0;
  private readonly packs: Pack[] = [];
  private open = Buffer.allocUnsafe(FIRST_BYTES);
  private used = 0;
  private count = 0;

  /** Adds the row that lies between two places of what was received. */
  add(received: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.used + length > this.open.length) {
      this.close();
      this.open = Buffer.allocUnsafe(Math.max(length, Math.min(this.open.length * 4, MOST_BYTES)));
    }
    this.used = copyBytes(received, start, end, this.open, this.used);
    this.count += 1;
    this.length += 1;
    this.bytes += length;
  }

  /** The rows. Nothing can be added any more. */
  rows<Row>(columns: readonly Column[]): PackedRows<Row> {
    this.close();
    return new PackedRows(columns, this.packs);
  }

  private close(): void {
    if (this.count > 0) this.packs.push({ bytes: this.open.subarray(0, this.used), count: this.count });
    [this.used, this.count] = [0, 0];
  }
}

/** Rows that stay packed; whoever reads them gets new objects. */
export class PackedRows<Row> implements Rows<Row> {
  constructor(
    readonly columns: readonly Column[],
    private readonly all: readonly Pack[],
    private readonly start = 0,
    readonly length = all.reduce((sum, { count }) => sum + count, 0),
  ) {}

  slice(start: number, end: number): PackedRows<Row> {
    const from = Math.min(start, this.length);
    const length = Math.max(0, Math.min(end, this.length) - from);
    return new PackedRows(this.columns, this.all, this.start + from, length);
  }

  *[Symbol.iterator](): Generator<Row, void> {
    for (const { bytes } of this.packs()) yield* this.objects(bytes);
  }

  /** All rows as objects; other work has its turns while they are made. */
  async unpacked(): Promise<Row[]> {
    const rows: Row[] = [];
    for (const { bytes } of this.packs()) {
      if (rows.length > 0) await nextTurn();
      for (const row of this.objects(bytes)) rows.push(row);
    }
    return rows;
  }

  /** Exactly these rows in packs. */
  *packs(): Generator<Pack, void> {
    const end = this.start + this.length;
    let before = 0;
    for (const pack of this.all) {
      const [from, to] = [Math.max(this.start - before, 0), Math.min(end - before, pack.count)];
      before += pack.count;
      if (from >= to) continue;
      const first = from === 0 ? 0 : endOfRows(pack.bytes, 0, from);
      const last = to === pack.count ? pack.bytes.length : endOfRows(pack.bytes, first, to - from);
      yield { bytes: pack.bytes.subarray(first, last), count: to - from };
    }
  }

  private *objects(bytes: Buffer): Generator<Row, void> {
    for (let at = 0; at < bytes.length; ) {
      const row: Record<string, unknown> = {};
      at += 2;
      for (const { name, read } of this.columns) {
        const length = bytes.readInt32BE(at);
        at += 4;
        row[name] = length < 0 ? null : read(bytes.toString('utf8', at, at + length));
        if (length > 0) at += length;
      }
      yield row as Row;
    }
  }
}

/** Copies bytes and returns the place after them. A loop is faster than a call for as few bytes as a value or a row has. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > 256) return at + from.copy(to, at, start, end);
  for (let n = start; n < end; n += 1, at += 1) to[at] = from[n] as number;
  return at;
}

/** Where this many rows end. */
function endOfRows(bytes: Buffer, start: number, rows: number): number {
  let at = start;
  for (let row = 0; row < rows; row += 1) {
    let values = bytes.readInt16BE(at);
    for (at += 2; values > 0; values -= 1) at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  return at;
}
