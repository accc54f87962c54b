// One query on the pool, repeated once when the connection had died unnoticed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, QueryResultRow } from 'pg';
import type { Ask } from '../../db/server/ask';
import { PackedRows } from '../http/packed-rows';
import { databaseFault } from './database-errors';
import { readRows } from './read-rows';
import type { Source } from './reads';

const RETRY_AFTER_MS = 50;

/** Sends the questions of db/ to a pool. */
export function asks(source: Source): Ask {
  return <Row extends QueryResultRow>(sql: string, values: readonly unknown[]) =>
    query<Row>(source, sql, values);
}

/** The rows of a query. */
export async function query<Row extends QueryResultRow>(
  source: Source,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const rows = await queryRows<Row>(source, sql, values);
  return rows instanceof PackedRows ? rows.unpacked() : rows;
}

/** The rows of a query that may have many, for answers that show them as they are. */
export async function queryRows<Row extends QueryResultRow>(
  source: Source,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[] | PackedRows<Row>> {
  return 'read' in source
    ? source.read((pool) => rowsOf<Row>(pool, sql, values))
    : rowsOf<Row>(source, sql, values);
}

async function rowsOf<Row extends QueryResultRow>(
  pool: Pool,
  sql: string,
  values: readonly unknown[],
): Promise<Row[] | PackedRows<Row>> {
  const run = () => readRows<Row>(pool, sql, values);
  try {
    return await run();
  } catch (error) {
    // After a restart of the database the first query on each old connection fails. All queries here only read,
    // so asking again is safe; a second failure is a real one.
    if (databaseFault(error) !== 'lost') throw error;
    // The other idle connections died with this one. The pool needs a moment to notice; until then it would hand out a dead one.
    await sleep(RETRY_AFTER_MS);
    return await run();
  }
}
