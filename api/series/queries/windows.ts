// Queries that look back from each row: moving averages over time, and values that are far from the values before them.
import { ident, relation } from '../../../db/core/sql';
import { formatInterval, type Interval } from '../../../db/language/interval';
import type { EngineName } from '../../../db/model';
import { type Statement, statement } from '../../database/statement';
import { timeText } from '../../http/time';
import { before, stepsIn } from '../calendar';
import type { Plan } from '../plan/planner';
import type { ColumnRequest } from '../request/column-request';
import { filterSql } from '../request/filters';
import { bucketNumber } from './bucket-columns';
import { keysOf, sameSeries } from './keys';
import { ratioSql } from './ratio';
import { bucketSql, conditions, type Selection } from './rows-and-buckets';

// Subtracting a float from a sum leaves an error, so PostgreSQL would add up the whole window again for each row; decimals are exact.
const exact = (expression: string): string => `${expression}::numeric`;

/**
 * Each row with the average of the rows in the window that ends with it, both ends included: `time`, keys, `value`, `moving_average`.
 * Rows are read from one window before the range, so that the first ones have full windows too.
 */
export function movingAverageQuery(
  { table, column, by, filters, range, limit }: ColumnRequest,
  window: Interval,
): Statement {
  const { hypertable } = table;
  const value = ident(column);
  const keys = by.map((key) => ident(key));
  const read = { from: before(range.from, window), to: range.to };
  return statement((bind) => {
    const frame = frameOf(keys, ident(hypertable.time), bind(formatInterval(window), 'interval'));
    return `SELECT ${shown(['"time"', ...keys, '"value"', '"moving_average"'])}
      FROM (SELECT ${shown([`${ident(hypertable.time)} AS "time"`, ...keys, `${value} AS "value"`, `avg(${exact(value)}) OVER ${frame} AS "moving_average"`])}
              FROM ${relation(hypertable)} WHERE ${conditions(hypertable, read, filters, bind).join(' AND ')}) found
     WHERE "time" >= ${bind(timeText(range.from), 'timestamptz')}
     ORDER BY ${['"time"', ...keys, '"value"'].join(', ')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

/**
 * Each bucket with the average over the window that ends with it, exact from sums and counts. The plan carries the sum and the
 * count of the column and reaches one window back before `from`; the window is a whole multiple of its buckets.
 */
export function bucketAverageQuery(
  plan: Plan,
  { engine, by, filters, limit }: Pick<Selection, 'engine' | 'by' | 'filters' | 'limit'>,
  window: Interval,
  from: bigint,
): Statement {
  const keys = by.map((key) => ident(key));
  const { width } = plan;
  // From the start of the first bucket of the window to that of the last one.
  const back: Interval = {
    months: window.months - width.months,
    days: window.days - width.days,
    microseconds: window.microseconds - width.microseconds,
  };
  return statement((bind) => {
    const buckets = bucketSql(
      plan,
      { engine, by, filters, names: ['sum of values', 'number of values'] },
      bind,
    );
    const { layout } = plan.buckets;
    // Listed buckets differ in length, so they are counted.
    const frame =
      layout.kind === 'listed'
        ? frameOf(
            keys,
            bucketNumber(layout.starts, '"time"', bind),
            bind(Number(stepsIn(window, width) ?? 1n) - 1, 'int'),
          )
        : frameOf(keys, '"time"', bind(formatSigned(back), 'interval'));
    const [sum, count] = ['"sum of values"', '"number of values"'];
    return `SELECT ${shown(['"time"', ...keys, '"value"', '"moving_average"'])}
      FROM (SELECT ${shown(['"time"', ...keys, `${ratioSql(sum, count)} AS "value"`, `sum(${exact(sum)}) OVER ${frame} / nullif(sum(${exact(count)}) OVER ${frame}, 0) AS "moving_average"`])}
              FROM (${buckets}) buckets) found
     WHERE "time" >= ${bind(timeText(from), 'timestamptz')}
     ORDER BY ${['"time"', ...keys].join(', ')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

/** What an anomaly is. */
export interface AnomalyRule {
  readonly engine: EngineName;
  /** How many earlier values a value is compared with. */
  readonly window: number;
  /** How many standard deviations from the mean it must be, at least. */
  readonly threshold: number;
  readonly earlierSince?: bigint | undefined;
}

/**
 * Rows whose value is more than `threshold` standard deviations from the mean of the `window` values before it in its series:
 * `time`, keys, `value`, `mean`, `sd`, `z`. Values before the range are read as far as the window needs them. At least
 * ten earlier values are needed. `z` is null when all earlier values are equal and this one is not.
 * `earlierSince` is what `warmUpStart` gives.
 */
export function anomalyQuery(
  asked: ColumnRequest,
  { engine, window, threshold, earlierSince }: AnomalyRule,
): Statement {
  const { table, column, by, filters, range, limit } = asked;
  const { hypertable } = table;
  const [source, time, value] = [relation(hypertable), ident(hypertable.time), ident(column)];
  const keys = by.map((_, at) => `k${at}`);
  const columns = shown([`${time} AS t`, ...keysOf(by), `${exact(value)} AS v`, `${value} AS shown`]);
  return statement((bind) => {
    const rows = [...conditions(hypertable, range, filters, bind), usable(value)].join(' AND ');
    const earlier = [
      `${time} < ${bind(timeText(range.from), 'timestamptz')}`,
      ...(earlierSince === undefined ? [] : [`${time} >= ${bind(timeText(earlierSince), 'timestamptz')}`]),
      ...filters.map((filter) => filterSql(filter, bind)),
      usable(value),
    ];
    const size = bind(window, 'bigint');
    const over = `OVER (${keys.length > 0 ? `PARTITION BY ${keys.join(', ')} ` : ''}ORDER BY t, v ROWS BETWEEN ${size} PRECEDING AND 1 PRECEDING)`;
    const series = keys.length > 0 ? `SELECT DISTINCT ${keys.join(', ')} FROM asked` : 'SELECT';
    const before = (ofSeries: readonly string[]): string =>
      `FROM ${source} WHERE ${[...ofSeries, ...earlier].join(' AND ')}`;
    const newest = `ORDER BY ${time} DESC, ${value} DESC`;
    // Citus takes no LATERAL over a distributed table. Values of series that are not asked for fall out with the earlier ones.
    const warmUp =
      engine === 'citus'
        ? `earlier AS MATERIALIZED (SELECT ${columns}, row_number() OVER (${keys.length > 0 ? `PARTITION BY ${by.map((key) => ident(key)).join(', ')} ` : ''}${newest}) AS nth ${before([])}),
      warm_up AS (SELECT t, ${[...keys, ''].join(', ')}v, shown FROM earlier WHERE nth <= ${size})`
        : `series AS (${series}),
      warm_up AS (SELECT w.* FROM series CROSS JOIN LATERAL (
        SELECT ${columns} ${before(sameSeries(hypertable, by))} ${newest} LIMIT ${size}) w)`;
    return `WITH asked AS ${engine === 'citus' ? 'MATERIALIZED ' : ''}(SELECT ${columns} FROM ${source} WHERE ${rows}),
      ${warmUp},
      measured AS (SELECT t, ${[...keys, ''].join(', ')}v, shown, avg(v) ${over} AS mean, stddev_samp(v) ${over} AS sd, count(v) ${over} AS earlier
        FROM (SELECT * FROM asked UNION ALL SELECT * FROM warm_up) known)
    SELECT ${shown(['t AS "time"', ...by.map((key, at) => `k${at} AS ${ident(key)}`), 'shown AS "value"', 'mean AS "mean"', 'sd AS "sd"', '((v - mean) / nullif(sd, 0)) AS "z"'])}
      FROM measured
     WHERE t >= ${bind(timeText(range.from), 'timestamptz')} AND earlier >= ${FEWEST_EARLIER} AND abs(v - mean) > ${bind(threshold, 'numeric')} * sd
     ORDER BY ${['t', ...keys, 'v'].join(', ')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

const FEWEST_EARLIER = 10;

/** Whether a value counts: a single NaN or infinite one would make the statistics of its whole window useless. */
export const usable = (value: string): string =>
  `${value}::double precision > '-Infinity' AND ${value}::double precision < 'Infinity'`;

const shown = (columns: readonly string[]): string => columns.join(', ');

const frameOf = (keys: readonly string[], time: string, back: string): string =>
  `(${keys.length > 0 ? `PARTITION BY ${keys.join(', ')} ` : ''}ORDER BY ${time} RANGE BETWEEN ${back} PRECEDING AND CURRENT ROW)`;

// For example a month less a day: PostgreSQL keeps the parts separate, each with its own sign.
const formatSigned = ({ months, days, microseconds }: Interval): string =>
  `${months} months ${days} days ${microseconds} microseconds`;
