// Ways to write rows through one session of the driver, from the slowest to the fastest.
import type { Client } from 'pg';
import { ident, relation } from '../../../db/core/sql';
import { sensorData } from '../../../db/schema/iot';
import { withTransaction } from '../../../db/server/connection';
import { copyText } from '../../../db/server/copy';
import { COLUMNS, type Row } from './rows';

/** A way to write rows. */
export interface SqlMethod {
  readonly id: string;
  readonly title: string;
  /** The most rows that it gets: inserting a hundred thousand one by one takes minutes and gives the same figure. */
  readonly most: number;
  write(db: Client, rows: readonly Row[]): Promise<void>;
}

const TARGET = relation(sensorData);
const NAMES = COLUMNS.map((name) => ident(name)).join(', ');
const TYPES = COLUMNS.map((name) => sensorData.columns[name].type);
const BATCH = 1_000;
const ALL = Number.POSITIVE_INFINITY;

const INSERT = `INSERT INTO ${TARGET} (${NAMES})`;
const ONE = `${INSERT} VALUES (${COLUMNS.map((_, at) => `$${at + 1}`).join(', ')})`;
const UNNEST = `${INSERT} SELECT * FROM unnest(${TYPES.map((type, at) => `$${at + 1}::${type.replace(/\(\d+\)$/, '')}[]`).join(', ')})`;

export const sqlMethods: readonly SqlMethod[] = [
  {
    id: 'row-by-row',
    title: 'INSERT, row by row, each committed',
    most: 2_000,
    write: async (db, rows) => {
      for (const row of rows) await db.query(ONE, [...row]);
    },
  },
  {
    id: 'prepared',
    title: `prepared INSERT, ${BATCH.toLocaleString('en')} to a transaction`,
    most: 20_000,
    write: async (db, rows) => {
      for (const batch of inBatches(rows, BATCH))
        await withTransaction(db, async () => {
          for (const row of batch) await db.query({ name: 'bench_insert', text: ONE, values: [...row] });
        });
    },
  },
  {
    id: 'values',
    title: `INSERT with ${BATCH.toLocaleString('en')} rows of VALUES`,
    most: ALL,
    write: async (db, rows) => {
      for (const batch of inBatches(rows, BATCH)) {
        const places = batch.map(
          (_, row) => `(${COLUMNS.map((__, at) => `$${row * COLUMNS.length + at + 1}`).join(', ')})`,
        );
        await db.query(`${INSERT} VALUES ${places.join(', ')}`, batch.flat());
      }
    },
  },
  {
    id: 'unnest',
    title: `INSERT from arrays of ${BATCH.toLocaleString('en')} (unnest)`,
    most: ALL,
    write: async (db, rows) => {
      for (const batch of inBatches(rows, BATCH))
        await db.query(
          UNNEST,
          COLUMNS.map((_, at) => batch.map((row) => row[at])),
        );
    },
  },
  {
    id: 'copy',
    title: 'COPY, one stream from Node',
    most: ALL,
    write: async (db, rows) => {
      await copyText(db, TARGET, COLUMNS, lines(rows));
    },
  },
];

function* lines(rows: readonly Row[]): Generator<string> {
  for (const batch of inBatches(rows, BATCH)) yield batch.map((row) => `${row.join('\t')}\n`).join('');
}

function* inBatches(rows: readonly Row[], size: number): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}
