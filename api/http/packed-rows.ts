// Many rows in little memory: as the bytes of their JSON, outside of the heap of JavaScript. As objects they would take four times
// as much, and the garbage collector would copy all of them.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows in their order: an array, or packed rows. */
export interface Rows<Row> extends Iterable<Row> {
  readonly length: number;
  slice(start: number, end: number): Rows<Row>;
}

/** Some of the rows: one JSON object per line, each with a line break at its end. */
export interface Pack {
  readonly lines: Buffer;
  readonly count: number;
}

/** Packs rows whose values are those of JSON. */
export const pack = (rows: readonly object[]): Pack => ({
  lines: Buffer.from(linesOf(rows)),
  count: rows.length,
});

/** One JSON object per line. */
export const linesOf = (rows: readonly object[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const parsed = <Row>(lines: string): Row[] => JSON.parse(`[${lines.slice(0, -1).replaceAll('\n', ',')}]`);

/** Rows that stay packed; whoever reads them gets new objects. */
export class PackedRows<Row> implements Rows<Row> {
  constructor(
    private readonly packs: readonly Pack[],
    private readonly start = 0,
    readonly length = packs.reduce((sum, { count }) => sum + count, 0),
  ) {}

  slice(start: number, end: number): PackedRows<Row> {
    const from = Math.min(start, this.length);
    return new PackedRows(this.packs, this.start + from, Math.max(0, Math.min(end, this.length) - from));
  }

  *[Symbol.iterator](): Generator<Row, void> {
    for (const lines of this.lines()) yield* parsed<Row>(lines);
  }

  /** All rows as objects; other work has its turns while they are made. */
  async unpacked(): Promise<Row[]> {
    const rows: Row[] = [];
    for (const lines of this.lines()) {
      rows.push(...parsed<Row>(lines));
      await nextTurn();
    }
    return rows;
  }

  /** The rows as one JSON object per line, in pieces that end with a line break. */
  *lines(): Generator<string, void> {
    const end = this.start + this.length;
    let before = 0;
    for (const { lines, count } of this.packs) {
      const [from, to] = [Math.max(this.start - before, 0), Math.min(end - before, count)];
      before += count;
      if (from >= to) continue;
      const text = lines.toString();
      yield from === 0 && to === count
        ? text
        : text
            .split('\n')
            .slice(from, to)
            .map((line) => `${line}\n`)
            .join('');
    }
  }
}
