// Figures over the order of samples: rate, delta, increase and the time-weighted average. Each sample is compared with the one before it
// in its series, and the first one of a range with the last one before the range, so nothing is lost between two buckets or two answers.
import { ident, relation } from '../../../db/core/sql';
import { unreachable } from '../../../db/core/unreachable';
import type { Hypertable } from '../../../db/language/hypertable';
import type { Bind } from '../../database/statement';
import { timeText } from '../../http/time';
import type { Plan } from '../plan/planner';
import { kindOf } from '../request/column-types';
import { type Computation, columnOf, isSequence, type Sequence } from '../request/figures';
import { type Condition, filterSql } from '../request/filters';
import { type BucketColumns, bucketColumns } from './bucket-columns';
import { isRequired } from './keys';

/** Which rows of which series. */
export interface Samples {
  readonly table: Hypertable;
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  /** First instant of the buckets that are read, RFC 3339. */
  readonly from: string;
  /** The range and the filters, as SQL. */
  readonly conditions: readonly string[];
}

/** What to select from to compute figures per bucket. */
export interface SampleRows {
  /** A subquery of the rows, with their columns by their own names, and what the figures need. */
  readonly sql: string;
  /** The start of a row's bucket. */
  readonly start: string;
  /** Holds for the rows of the buckets; the others came before them. */
  readonly condition: string;
  readonly figure: (sequence: Sequence) => string;
}

/** The rows with their samples: values that are neither NULL nor NaN nor infinite. Of several at the same time the largest counts. */
export function sampleRows(plan: Plan, samples: Samples, bind: Bind): SampleRows {
  const { table, from } = samples;
  const columns = [...new Set(plan.expressions.filter(isSequence).map(({ column }) => column))];
  const bucket = bucketColumns(plan.buckets, bind);
  // A value that no expression uses would have no type.
  const isHeld = plan.expressions.some((expression) => isSequence(expression) && expression.fn === 'twa');
  const now = isHeld ? bind(timeText(plan.now), 'timestamptz') : '';
  const start = bind(from, 'timestamptz');
  const time = ident(table.time);
  return {
    sql: rowsSql({ plan, samples, columns, bucket, start }, bind),
    start: '"bucket start"',
    condition: `${time} >= ${start}`,
    figure: (sequence) => figureSql(sequence, { time, now, at: columns.indexOf(sequence.column) }),
  };
}

interface Parts {
  readonly plan: Plan;
  readonly samples: Samples;
  /** The columns whose samples are compared. */
  readonly columns: readonly string[];
  readonly bucket: BucketColumns;
  readonly start: string;
}

function rowsSql({ plan, samples, columns, bucket, start }: Parts, bind: Bind): string {
  const { table, by, conditions } = samples;
  const source = relation(table);
  const time = ident(table.time);
  const needed = [...new Set([table.time, ...by, ...plan.expressions.flatMap(columnsOf)])];
  const keys = by.map((key) => ident(key));
  const list = (parts: readonly string[]): string => parts.join(', ');
  // One row per series and column: the last sample before the buckets, in a row without any other value.
  const earlier = (column: string): string => {
    const shown = needed.map((name) =>
      [table.time, column, ...by].includes(name)
        ? ident(name)
        : `NULL::${columnOf(table, name)?.type} AS ${ident(name)}`,
    );
    const ofSeries = by.map(
      (key) => `${ident(key)} ${isRequired(table, key) ? '=' : 'IS NOT DISTINCT FROM'} series.${ident(key)}`,
    );
    const filters = samples.filters.map((filter) => filterSql(filter, bind));
    return `SELECT found.* FROM series CROSS JOIN LATERAL (SELECT ${list(shown)} FROM ${source}
      WHERE ${[...ofSeries, `${time} < ${start}`, ...filters, isSample(table, column)].join(' AND ')}
      ORDER BY ${time} DESC, ${ident(column)} DESC LIMIT 1) found`;
  };
  const windows = columns.map(
    (column, at) =>
      `"w${at}" AS (PARTITION BY ${list([...keys, `(${isSample(table, column)}) IS TRUE`])} ORDER BY ${time})`,
  );
  return `(WITH asked AS (SELECT ${list(needed.map((name) => ident(name)))} FROM ${source} WHERE ${conditions.join(' AND ')}),
      series AS (SELECT ${keys.length > 0 ? `DISTINCT ${list(keys)} FROM asked` : ''}),
      known AS (SELECT * FROM asked ${columns.map((column) => `UNION ALL (${earlier(column)})`).join(' ')})
    SELECT known.*, ${bucket.start(time)} AS "bucket start", ${bucket.end(time)} AS "bucket end", ${list(
      columns.map((column, at) => sampleColumns(table, column, at)),
    )}
      FROM known WINDOW ${list(windows)}) samples`;
}

/** What is known of the sample of a row: its value, the sample before it, the time of the one after it, and whether the row stands for it. */
function sampleColumns(table: Hypertable, column: string, at: number): string {
  const type = columnOf(table, column)?.type ?? '';
  const isExact = kindOf(type) === 'integer' || type.startsWith('numeric');
  const [time, value] = [ident(table.time), `${ident(column)}::${isExact ? 'numeric' : 'double precision'}`];
  // Rows of the same time are one group.
  const over = (expression: string, group: string): string =>
    `${expression} OVER ("w${at}" GROUPS BETWEEN ${group} AND ${group})`;
  return [
    `${over(`max(${value})`, 'CURRENT ROW')} AS "value ${at}"`,
    `${over(`max(${value})`, '1 PRECEDING')} AS "value before ${at}"`,
    `${over(`max(${time})`, '1 PRECEDING')} AS "time before ${at}"`,
    `${over(`min(${time})`, '1 FOLLOWING')} AS "time after ${at}"`,
    `(${isSample(table, column)}) IS TRUE AND lead(${time}) OVER "w${at}" IS DISTINCT FROM ${time} AS "counts ${at}"`,
  ].join(', ');
}

function figureSql(
  { fn }: Sequence,
  { time, now, at }: { readonly time: string; readonly now: string; readonly at: number },
): string {
  const [value, before, earlier, later] = [
    `"value ${at}"`,
    `"value before ${at}"`,
    `"time before ${at}"`,
    `"time after ${at}"`,
  ];
  const where = (...conditions: readonly string[]): string =>
    `FILTER (WHERE ${[`"counts ${at}"`, ...conditions].join(' AND ')})`;
  const seconds = (from: string, to: string): string =>
    `extract(epoch FROM ${to} - ${from})::double precision`;
  // A counter that is lower than before has begun again at zero.
  const increase = `sum(CASE WHEN ${value} >= ${before} THEN ${value} - ${before} WHEN ${before} IS NOT NULL THEN ${value} END) ${where()}`;
  switch (fn) {
    case 'increase':
      return increase;
    case 'rate':
      return `(${increase})::double precision / (sum(${seconds(earlier, time)}) ${where()})`;
    case 'delta':
      // The last sample less the one before the first: adding up the steps would round each of them.
      return `CASE WHEN count(${before}) ${where()} > 0 THEN
        sum(${value}) ${where(`(${later} IS NULL OR ${later} >= "bucket end")`)}
        - sum(coalesce(${before}, ${value})) ${where(`(${earlier} IS NULL OR ${earlier} < "bucket start")`)} END`;
    case 'twa': {
      const held = seconds(time, `least(${later}, "bucket end", greatest(${now}, ${time}))`);
      // Before its first sample a bucket has the value of the sample before it.
      const lead = (part: string): string => `CASE WHEN ${earlier} < "bucket start" THEN ${part} ELSE 0 END`;
      const ahead = seconds('"bucket start"', time);
      return `coalesce(sum(${value} * ${held} + ${lead(`${before} * ${ahead}`)}) ${where()}
        / nullif(sum(${held} + ${lead(ahead)}) ${where()}, 0), max(${value}) ${where()})::double precision`;
    }
    default:
      return unreachable(fn);
  }
}

function isSample(table: Hypertable, column: string): string {
  const type = columnOf(table, column)?.type ?? '';
  const name = ident(column);
  // NaN is greater than infinity.
  return kindOf(type) === 'integer'
    ? `${name} IS NOT NULL`
    : `${name} > '-Infinity'::${type} AND ${name} < 'Infinity'::${type}`;
}

const columnsOf = (computation: Computation): readonly string[] => [
  ...('column' in computation ? [computation.column] : []),
  ...('by' in computation ? [computation.by] : []),
];
