// Reads a query of any size through a cursor, row by row in batches of bounded size, all of them from one snapshot.
import { type Client, Query, type QueryArrayConfig } from 'pg';
import { withTransaction } from '../../db/server/connection';
import type { ExportColumn, TextRow } from './values';

/** A query with the values of its parameters. */
export interface ExportQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Where names without a schema are looked for; absent = nowhere but the catalog. */
  readonly searchPath?: string;
}

/** Passes every row to `add` when it arrives, and yields the number of rows after each batch, so that it waits for a slow reader. */
export type ReadRows = (add: (row: TextRow) => void) => AsyncGenerator<number>;

// The batch that is read while the one before is written waits in memory, so its size is limited: rows of a megabyte come one
// at a time, narrow ones by the thousand.
const BATCH_CHARACTERS = 256_000;
const MOST_ROWS = 5_000;
const FIRST_ROWS = 50;

// Numbers get all their digits, and a slow reader must not run into timeouts that a role or database has set.
const SETTINGS =
  'SET LOCAL extra_float_digits = 1; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0';

/**
 * Opens the query and gives its columns, and how to read its rows, to `use`. The transaction only reads.
 * @throws what the database says; a text with more than one statement is one of its errors.
 */
export function withRows<T>(
  db: Client,
  { sql, values, searchPath }: ExportQuery,
  use: (columns: readonly ExportColumn[], read: ReadRows) => Promise<T>,
): Promise<T> {
  const run = async (): Promise<T> => {
    await db.query(SETTINGS);
    if (searchPath !== undefined) await db.query(`SET LOCAL search_path = ${searchPath}`);
    // The extended protocol takes one statement only.
    const open = { text: `DECLARE export NO SCROLL CURSOR FOR ${sql}`, values: [...values] };
    await db.query({ ...open, queryMode: 'extended' } as typeof open);
    const { fields } = await db.query('FETCH FORWARD 0 FROM export');
    const columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
    return use(columns, (add) => readAll(db, add));
  };
  return withTransaction(db, run, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function* readAll(db: Client, add: (row: TextRow) => void): AsyncGenerator<number> {
  let asked = FIRST_ROWS;
  let batch: Batch | undefined = await fetch(db, asked, add);
  while (batch !== undefined) {
    const { rows }: Batch = batch;
    const isLast: boolean = rows < asked;
    asked = nextSize(batch, asked);
    // The database works on the next batch while this one is written.
    const next: Promise<Batch> | undefined = isLast ? undefined : fetch(db, asked, add);
    next?.catch(() => undefined);
    yield rows;
    batch = await next;
  }
}

interface Batch {
  readonly rows: number;
  readonly characters: number;
}

function nextSize({ rows, characters }: Batch, before: number): number {
  const fitting = Math.floor((BATCH_CHARACTERS * rows) / Math.max(1, characters));
  return Math.max(1, Math.min(fitting, MOST_ROWS, before * 4));
}

// Rows are passed on one by one, so that their values are freed while they are in the young generation of V8's heap. Values in
// arrays of thousands of rows would move to the old generation, which grows by a hundred megabytes before V8 collects it.
function fetch(db: Client, most: number, add: (row: TextRow) => void): Promise<Batch> {
  const config: QueryArrayConfig = {
    text: `FETCH FORWARD ${most} FROM export`,
    rowMode: 'array',
    // Values stay the texts that the server sends.
    types: { getTypeParser: () => (text: string) => text },
  };
  return new Promise((resolve, reject) => {
    const query = new Query<(string | null)[]>(config);
    let rows = 0;
    let characters = 0;
    let fault: { readonly error: unknown } | undefined;
    query.on('row', (row) => {
      if (fault !== undefined) return;
      rows += 1;
      for (const value of row) characters += (value?.length ?? 0) + 8;
      try {
        add(row);
      } catch (error) {
        // An error that is thrown in this handler would end the process.
        fault = { error };
      }
    });
    query.once('error', reject);
    query.once('end', () => (fault === undefined ? resolve({ rows, characters }) : reject(fault.error)));
    db.query(query);
  });
}
