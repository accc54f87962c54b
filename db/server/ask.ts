// How queries that only read are sent, so that they run on one session as well as on a pool.
import type { QueryResultRow } from 'pg';
import type { Db } from '../model';

/** Sends a query and gives its rows. */
export type Ask = <Row extends QueryResultRow>(
  sql: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>;

/** Asks on a session. */
export function asking(db: Db): Ask {
  return async <Row extends QueryResultRow>(sql: string, values: readonly unknown[]) =>
    (await db.query<Row>(sql, [...values])).rows;
}

/** SQL of a `timestamptz` as text, `2026-11-20T12:00:00Z`; NULL where it is infinite. `SS.US` adds microseconds. */
export const isoText = (expression: string, seconds: 'SS' | 'SS.US' = 'SS'): string =>
  `CASE WHEN isfinite(${expression}) THEN to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:${seconds}"Z"') END`;
