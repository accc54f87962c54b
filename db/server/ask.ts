// The form in which read-only queries are sent, so that the same query runs on a single session or on a pool.
import type { QueryResultRow } from 'pg';
import type { Db } from '../model';

/** Sends a query and returns its rows. */
export type Ask = <Row extends QueryResultRow>(
  sql: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>;

/** Sends the queries on one session. */
export function asking(db: Db): Ask {
  return async <Row extends QueryResultRow>(sql: string, values: readonly unknown[]) =>
    (await db.query<Row>(sql, [...values])).rows;
}

/** SQL that turns a `timestamptz` into text such as `2026-11-20T12:00:00Z`; NULL for an infinite one. `SS.US` adds microseconds. */
export const isoText = (expression: string, seconds: 'SS' | 'SS.US' = 'SS'): string =>
  `CASE WHEN isfinite(${expression}) THEN to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:${seconds}"Z"') END`;

/** The same for a bound of a range; an infinite one is written as PostgreSQL prints it. */
export const boundText = (expression: string): string =>
  `coalesce(${isoText(expression)}, (${expression})::text)`;
