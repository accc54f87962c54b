// Reads a query of any size through a cursor, in batches of bounded size, all of them from one snapshot.
import type { Client, QueryArrayConfig, QueryArrayResult } from 'pg';
import { withTransaction } from '../../db/connection';
import type { ExportColumn, TextRow } from './values';

/** Some rows, in order. */
export type Batch = readonly TextRow[];

/** A query with the values of its parameters. */
export interface ExportQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Where names without a schema are looked for; absent = nowhere but the catalog. */
  readonly searchPath?: string;
}

// A batch is in memory as a whole: rows of a megabyte come a few at a time, narrow ones by thousands.
const BATCH_CHARACTERS = 2_000_000;
const MOST_ROWS = 5_000;
const FIRST_ROWS = 50;

// Values as the database writes them: numbers with all digits, and nobody's timeouts while a slow reader takes its time.
const SETTINGS =
  'SET LOCAL extra_float_digits = 1; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0';

/**
 * Opens the query and gives its columns and its rows to `use`. The transaction only reads.
 * @throws what the database says; a text with more than one statement is one of its errors.
 */
export function withRows<T>(
  db: Client,
  { sql, values, searchPath }: ExportQuery,
  use: (columns: readonly ExportColumn[], batches: AsyncIterable<Batch>) => Promise<T>,
): Promise<T> {
  const run = async (): Promise<T> => {
    await db.query(SETTINGS);
    if (searchPath !== undefined) await db.query(`SET LOCAL search_path = ${searchPath}`);
    // The extended protocol takes one statement only.
    const open = { text: `DECLARE export NO SCROLL CURSOR FOR ${sql}`, values: [...values] };
    await db.query({ ...open, queryMode: 'extended' } as typeof open);
    const first = await fetch(db, FIRST_ROWS);
    const columns = first.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
    return use(columns, batchesFrom(db, first.rows));
  };
  return withTransaction(db, run, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function* batchesFrom(db: Client, first: Batch): AsyncGenerator<Batch> {
  let asked = FIRST_ROWS;
  for (let rows = first; rows.length > 0; ) {
    const [isLast, before] = [rows.length < asked, asked];
    asked = nextSize(rows, before);
    // The database works on the next batch while this one is written.
    const next = isLast ? undefined : fetch(db, asked);
    next?.catch(() => undefined);
    yield rows;
    if (next === undefined) return;
    rows = (await next).rows;
  }
}

function nextSize(rows: Batch, before: number): number {
  let characters = 1;
  for (const row of rows) for (const value of row) characters += (value?.length ?? 0) + 8;
  const fitting = Math.floor((BATCH_CHARACTERS * rows.length) / characters);
  return Math.max(1, Math.min(fitting, MOST_ROWS, before * 4));
}

function fetch(db: Client, rows: number): Promise<QueryArrayResult<(string | null)[]>> {
  const query: QueryArrayConfig = {
    text: `FETCH FORWARD ${rows} FROM export`,
    rowMode: 'array',
    // Text as it comes.
    types: { getTypeParser: () => (text: string) => text },
  };
  return db.query<(string | null)[]>(query);
}
