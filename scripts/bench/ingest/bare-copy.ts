// COPY as plain as it gets: bytes that are ready go to the server, and nothing is checked. What does more is compared with it.
import { readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { DatabaseError } from '../../../db/core/errors';
import { ident, relation } from '../../../db/core/sql';
import { sensorData } from '../../../db/schema/iot';
import { withConnection } from '../../../db/server/connection';
import { COLUMNS } from './rows';

/** Sends rows into the table in COPY's text format, or as CSV without a header. */
export async function bareCopy(
  db: Pick<ClientBase, 'query'>,
  rows: string | Uint8Array,
  format: 'text' | 'csv',
): Promise<void> {
  const names = COLUMNS.map((name) => ident(name)).join(', ');
  const copy = db.query(
    copyFrom(`COPY ${relation(sensorData)} (${names}) FROM STDIN WITH (FORMAT ${format})`),
  );
  copy.end(rows);
  await finished(copy);
}

/** How a file is loaded. */
export interface FileCopy {
  readonly connections: number;
  /** Rows of one COPY, which is a transaction of its own. */
  readonly rows: number;
  /** Whether TimescaleDB writes into the columnstore at once. */
  readonly direct: boolean;
}

/**
 * Loads a CSV file with a header over several connections; each takes the next piece when it has stored one.
 * @throws DatabaseError when the rows went into the rowstore although they should not.
 */
export async function copyFile(
  url: string,
  file: string,
  { connections, rows, direct }: FileCopy,
): Promise<void> {
  const pieces = piecesOf(readFileSync(file), rows);
  const load = (): Promise<void> =>
    withConnection(url, async (db) => {
      if (direct) await db.query('SET timescaledb.enable_direct_compress_copy = on');
      let warning: string | undefined;
      db.on('notice', ({ severity, message }) => {
        if (severity === 'WARNING') warning = message;
      });
      for (const piece of pieces) await bareCopy(db, piece, 'csv');
      // TimescaleDB says so where it cannot, and takes the rows as usual.
      if (direct && warning) throw new DatabaseError(`COPY into the columnstore: ${warning}`);
    });
  await Promise.all(Array.from({ length: connections }, load));
}

const NEWLINE = 10;

/** The lines after the first one, so many at a time. */
export function* piecesOf(file: Buffer, rows: number): Generator<Buffer> {
  let from = file.indexOf(NEWLINE) + 1;
  while (from < file.length) {
    let to = from;
    for (let row = 0; row < rows && to < file.length; row += 1) to = file.indexOf(NEWLINE, to) + 1;
    yield file.subarray(from, to);
    from = to;
  }
}
