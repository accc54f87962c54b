// Describes the values of a column over a range.
import { ident, relation } from '../../../db/core/sql';
import { type Statement, statement } from '../../database/statement';
import type { ColumnRequest } from '../request/column-request';
import { conditions } from './rows-and-buckets';

const PERCENTILES = { p05: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95, p99: 0.99 } as const;

/** Names of what a summary says, in order. */
export const SUMMARY = [
  'count',
  'missing',
  'mean',
  'sd',
  'min',
  ...(Object.keys(PERCENTILES) as (keyof typeof PERCENTILES)[]),
  'max',
  'first',
  'last',
] as const;

/**
 * One row per series with the members of `SUMMARY`: the number of values, the rows without a value, mean, deviation, extremes and
 * interpolated percentiles, and the times of the first and the last row; in order of the keys.
 */
export function summaryQuery({ table, column, by, filters, range, limit }: ColumnRequest): Statement {
  const { hypertable } = table;
  const [time, value] = [ident(hypertable.time), ident(column)];
  const keys = by.map((key) => ident(key));
  // An array of fractions, so that the rows are sorted only once for all percentiles.
  const fractions = Object.values(PERCENTILES).join(', ');
  const figures: Readonly<Record<(typeof SUMMARY)[number], string>> = {
    count: `count(${value})`,
    missing: `count(*) - count(${value})`,
    mean: `avg(${value})`,
    sd: `stddev_samp(${value})`,
    min: `min(${value})`,
    ...(Object.fromEntries(
      Object.keys(PERCENTILES).map((name, at) => [
        name,
        `(percentile_cont(ARRAY[${fractions}]::double precision[]) WITHIN GROUP (ORDER BY ${value}))[${at + 1}]`,
      ]),
    ) as Record<keyof typeof PERCENTILES, string>),
    max: `max(${value})`,
    first: `min(${time})`,
    last: `max(${time})`,
  };
  const shown = [...keys, ...SUMMARY.map((name) => `${figures[name]} AS ${ident(name)}`)].join(', ');
  const groups = by.map((_, at) => at + 1).join(', ');
  return statement(
    (bind) => `SELECT ${shown} FROM ${relation(hypertable)}
     WHERE ${conditions(hypertable, range, filters, bind).join(' AND ')}
     ${by.length > 0 ? `GROUP BY ${groups} ORDER BY ${groups}` : ''} LIMIT ${bind(limit, 'bigint')}`,
  );
}
