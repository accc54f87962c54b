// Writes rows with COPY in binary format: the server parses no texts, and numbers are not printed. The values are those that the
// text format gives.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { ident } from '../core/sql';
import { type BinaryEncoder, binaryTarget, room } from './binary-values';

/**
 * A value on its way to the server: its text as the server reads it, or a number. The number is the value itself, and of a
 * `timestamp with time zone` it is microseconds since 1970. null = NULL.
 */
export type Cell = string | number | null;

/** Where rows are written, and how: one encoder per column. */
export interface BinaryCopy {
  /** Quoted name of the relation. */
  readonly target: string;
  readonly columns: readonly string[];
  readonly encoders: readonly BinaryEncoder[];
  /** For each column, its place among the cells of a row. */
  readonly places: readonly number[];
}

/** Rows that are encoded between two pauses for other work of the process, and bytes of them that are held at once. */
const ROWS_AT_ONCE = 2_000;
const BYTES_AT_ONCE = 262_144;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END = Buffer.from([0xff, 0xff]);

/**
 * Writes rows. The types of the columns must be those of the encoders: the server takes the bytes as they are, also where they
 * mean something else in a column of another type.
 * @returns the number of rows the server took.
 */
export async function copyBinary(
  db: Pick<ClientBase, 'query'>,
  { target, columns, encoders, places }: BinaryCopy,
  rows: readonly { readonly cells: readonly (Cell | undefined)[] }[],
): Promise<number> {
  const names = columns.map((name) => ident(name)).join(', ');
  const copy = db.query(copyFrom(`COPY ${target} (${names}) FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from(pieces(encoders, places, rows), { objectMode: false }), copy);
  return copy.rowCount;
}

async function* pieces(
  encoders: readonly BinaryEncoder[],
  places: readonly number[],
  rows: readonly { readonly cells: readonly (Cell | undefined)[] }[],
): AsyncGenerator<Buffer> {
  yield SIGNATURE;
  let bytesOfRow = 128;
  for (let at = 0; at < rows.length; ) {
    if (at > 0) await nextTurn();
    const from = at;
    const end = Math.min(from + ROWS_AT_ONCE, rows.length);
    const to = binaryTarget(Math.min(Math.ceil(bytesOfRow * (end - from)), BYTES_AT_ONCE));
    for (; at < end && to.at < BYTES_AT_ONCE; at += 1) {
      const { cells } = rows[at] as (typeof rows)[number];
      room(to, 2);
      to.view.setInt16(to.at, encoders.length);
      to.at += 2;
      for (let n = 0; n < encoders.length; n += 1) {
        const cell = cells[places[n] as number];
        if (cell === null || cell === undefined) {
          room(to, 4);
          to.view.setInt32(to.at, -1);
          to.at += 4;
        } else (encoders[n] as BinaryEncoder)(to, cell);
      }
    }
    // The next rows are about as long.
    bytesOfRow = (to.at * 1.1) / (at - from);
    yield to.bytes.subarray(0, to.at);
  }
  yield END;
}
