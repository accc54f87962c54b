// Questions of db/ asked on the pool that reads.
import type { QueryResultRow } from 'pg';
import type { Ask } from '../../db/server/ask';
import type { Database } from '../database/database';
import { query } from '../database/query';

/** Asks on the pool, once more when a connection was lost. */
export function reading({ reader }: Pick<Database, 'reader'>): Ask {
  return <Row extends QueryResultRow>(sql: string, values: readonly unknown[]) =>
    query<Row>(reader, sql, values);
}
