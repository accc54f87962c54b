// The different values of a column, by a loose index scan where an index starts with it.
import { ident, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import type { EngineName } from '../../../db/model';
import { type Bind, type Statement, statement } from '../../database/statement';
import { columnOf } from '../request/figures';
import { type Condition, type Filter, filterSql } from '../request/filters';

/** Values of the column in their order, from after `after`; NULL is not among them. Rows are `{<column>}`. */
export function keysQuery(
  table: Hypertable,
  column: string,
  {
    engine,
    after,
    limit,
  }: { readonly engine: EngineName; readonly after?: Filter | undefined; readonly limit: number },
): Statement {
  const filters = after === undefined ? [] : [after];
  const name = ident(column);
  return statement((bind) => {
    const most = bind(limit, 'bigint');
    if (!canScanLoosely(engine, table, column)) {
      const conditions = [`${name} IS NOT NULL`, ...filters.map((filter) => filterSql(filter, bind))];
      return `SELECT DISTINCT ${name} FROM ${relation(table)} WHERE ${conditions.join(' AND ')} ORDER BY ${name} LIMIT ${most}`;
    }
    return `WITH RECURSIVE ${looseScan(table, column, filters, bind)}
      SELECT key AS ${name} FROM (SELECT key FROM series WHERE key IS NOT NULL LIMIT ${most}) found ORDER BY key`;
  });
}

/**
 * A recursive query `series(key)` with the different values of a column and a NULL at the end. It probes the index once per
 * value, while DISTINCT would read every row. `filters` must be on the column itself.
 */
export function looseScan(
  table: Hypertable,
  column: string,
  filters: readonly Condition[],
  bind: Bind,
): string {
  const name = ident(column);
  const next = (...conditions: readonly string[]) =>
    `SELECT ${name} FROM ${relation(table)}
      WHERE ${[...conditions, ...filters.map((filter) => filterSql(filter, bind))].join(' AND ')} ORDER BY ${name} LIMIT 1`;
  return `series(key) AS (
      (${next(`${name} IS NOT NULL`)})
      UNION ALL
      SELECT (${next(`${name} > series.key`)}) FROM series WHERE series.key IS NOT NULL
    )`;
}

/** Whether `looseScan` is possible and better than DISTINCT. Citus takes no recursive query over a distributed table. */
export const canScanLoosely = (engine: EngineName, table: Hypertable, column: string): boolean =>
  engine !== 'citus' && hasIndexOn(table, column);

/** Whether an index starts with the column, over all rows. */
function hasIndexOn({ indexes }: Hypertable, column: string): boolean {
  return indexes.some(({ method, keys: [first], where }) => {
    return method === 'btree' && where === undefined && first && 'column' in first && first.column === column;
  });
}

/** Whether the column is never NULL. */
export const isRequired = (table: Hypertable, column: string): boolean =>
  columnOf(table, column)?.nullable === false;

/** Conditions that a row belongs to the series with the keys `series.k0`, `series.k1` … */
export const sameSeries = (table: Hypertable, by: readonly string[]): readonly string[] =>
  by.map((key, at) => `${ident(key)} ${isRequired(table, key) ? '=' : 'IS NOT DISTINCT FROM'} series.k${at}`);

/** The keys as `k0`, `k1` …, because a column of the table may have a name that a query uses. */
export const keysOf = (by: readonly string[]): readonly string[] =>
  by.map((key, at) => `${ident(key)} AS k${at}`);
