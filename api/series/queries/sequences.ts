// Figures over the order of samples: rate, delta, increase and the time-weighted average. Each sample is compared with the one before it
// in its series, and the first one of a range with the last one before the range, so nothing is lost between two buckets or two answers.
import { ident, relation } from '../../../db/core/sql';
import { unreachable } from '../../../db/core/unreachable';
import type { Hypertable } from '../../../db/language/hypertable';
import type { EngineName } from '../../../db/model';
import type { Bind } from '../../database/statement';
import { timeText } from '../../http/time';
import type { Plan } from '../plan/planner';
import { kindOf } from '../request/column-types';
import { columnOf, isSequence, type Sequence } from '../request/figures';
import { type Condition, filterSql } from '../request/filters';
import { type BucketColumns, bucketColumns } from './bucket-columns';
import { keysOf, sameSeries } from './keys';
import { figureSql } from './ratio';

/** Which rows of which series, and what to call the figures. */
export interface SequenceSelection {
  readonly engine: EngineName;
  readonly table: Hypertable;
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  readonly names: readonly string[];
  /** First instant of the buckets that are read, RFC 3339. */
  readonly from: string;
  /** The samples before it are at or after this instant, see `warmUpStart`; absent = they may be anywhere. */
  readonly earlierSince?: bigint | undefined;
  /** The range and the filters, as SQL. */
  readonly conditions: readonly string[];
}

/**
 * The buckets of a plan as `bucketSql` gives them, when some of the figures compare samples. The rows give the buckets and the other
 * figures, and each column's samples their own. Samples are values that are neither NULL nor NaN nor infinite; of several at the
 * same time the largest counts.
 */
export function sequenceBucketSql(plan: Plan, selection: SequenceSelection, bind: Bind): string {
  const { table, by, names } = selection;
  const { expressions } = plan;
  const columns = [...new Set(expressions.filter(isSequence).map(({ column }) => column))];
  const isHeld = expressions.some((expression) => isSequence(expression) && expression.fn === 'twa');
  const parts: Parts = {
    selection,
    bucket: bucketColumns(plan.buckets, bind),
    start: bind(selection.from, 'timestamptz'),
    // A value that no expression uses would have no type.
    now: isHeld ? bind(timeText(plan.now), 'timestamptz') : '',
    bind,
  };
  const groups = ['1', ...by.map((_, at) => String(at + 2))].join(', ');
  const branch = (
    bucketAndKeys: readonly string[],
    source: string,
    figure: (at: number) => string,
  ): string => {
    const figures = expressions.map((_, at) => `${figure(at)} AS f${at}`);
    return `SELECT ${list([...bucketAndKeys, ...figures])} FROM ${source} GROUP BY ${groups}`;
  };
  const none = (at: number): string => {
    const expression = expressions[at];
    if (expression === undefined || !isSequence(expression)) return 'NULL';
    const isExact = expression.fn === 'increase' || expression.fn === 'delta';
    return `NULL::${isExact ? carriedType(table, expression.column) : 'double precision'}`;
  };
  const rows = branch(
    [`${parts.bucket.start(ident(table.time))} AS s`, ...keysOf(by)],
    `${relation(table)} WHERE ${selection.conditions.join(' AND ')}`,
    (at) => {
      const expression = expressions[at];
      return expression === undefined || isSequence(expression) ? none(at) : figureSql(expression);
    },
  );
  const samples = columns.map((column) =>
    branch(
      ['s', ...by.map((_, at) => `k${at}`)],
      `${stepsSql(parts, column)} WHERE t >= ${parts.start}`,
      (at) => {
        const expression = expressions[at];
        const isOwn = expression !== undefined && isSequence(expression) && expression.column === column;
        return isOwn ? sequenceSql(expression, parts) : none(at);
      },
    ),
  );
  // Each figure is known in one of the branches.
  const known = expressions.map(
    (_, at) => `(array_agg(f${at}) FILTER (WHERE f${at} IS NOT NULL))[1] AS ${ident(names[at] ?? '')}`,
  );
  return `SELECT ${list(['s AS "time"', ...by.map((key, at) => `k${at} AS ${ident(key)}`), ...known])}
      FROM (${[rows, ...samples].join('\nUNION ALL ')}) buckets GROUP BY ${groups}`;
}

interface Parts {
  readonly selection: SequenceSelection;
  readonly bucket: BucketColumns;
  readonly start: string;
  readonly now: string;
  readonly bind: Bind;
}

/**
 * The samples of a column as a subquery: time `t`, value `v`, the value `p` and the time `pt` of the sample before, the time `nt` of the
 * one after, start `s` and end `e` of the bucket, and the columns that tell series apart as `k0`, `k1` …
 */
function stepsSql({ selection, bucket, start, bind }: Parts, column: string): string {
  const { engine, table, by, conditions, earlierSince } = selection;
  const [source, time, value] = [relation(table), ident(table.time), ident(column)];
  const keys = by.map((_, at) => `k${at}`);
  const sample = list([...keysOf(by), `${time} AS t`, `${value}::${carriedType(table, column)} AS v`]);
  const filters = selection.filters.map((filter) => filterSql(filter, bind));
  const asked = [...conditions, isSample(table, column)].join(' AND ');
  const since =
    earlierSince === undefined ? [] : [`${time} >= ${bind(timeText(earlierSince), 'timestamptz')}`];
  const earlier = [`${time} < ${start}`, ...since, ...filters, isSample(table, column)];
  const before = (ofSeries: readonly string[]): string =>
    `FROM ${source} WHERE ${[...ofSeries, ...earlier].join(' AND ')} ORDER BY`;
  const newest = `${time} DESC, ${value} DESC`;
  const series =
    keys.length > 0 ? `SELECT DISTINCT ${list(keysOf(by))} FROM ${source} WHERE ${asked}` : 'SELECT';
  const asks = `SELECT ${sample} FROM ${source} WHERE ${asked}`;
  // Citus takes no LATERAL over a distributed table. Series without a row in the range are read, too, and fall out with the earlier rows.
  const found =
    engine === 'citus'
      ? `WITH asked AS MATERIALIZED (${asks}),
              earlier AS MATERIALIZED (SELECT ${keys.length > 0 ? `DISTINCT ON (${list(by.map((key) => ident(key)))}) ` : ''}${sample} ${before([])} ${list([...by.map((key) => ident(key)), newest])}${keys.length > 0 ? '' : ' LIMIT 1'})
         SELECT * FROM asked UNION ALL SELECT * FROM earlier`
      : `${asks}
         UNION ALL
         SELECT before.* FROM (${series}) series CROSS JOIN LATERAL (
           SELECT ${sample} ${before(sameSeries(table, by))} ${newest} LIMIT 1) before`;
  return `(SELECT *, lag(v) OVER w AS p, lag(t) OVER w AS pt, lead(t) OVER w AS nt, ${bucket.start('t')} AS s, ${bucket.end('t')} AS e
      FROM (SELECT DISTINCT ON (${list([...keys, 't'])}) *
              FROM (${found}) found
             ORDER BY ${list([...keys, 't', 'v DESC'])}) samples
    WINDOW w AS (${keys.length > 0 ? `PARTITION BY ${list(keys)} ` : ''}ORDER BY t)) steps`;
}

function sequenceSql({ fn }: Sequence, { now }: Parts): string {
  const seconds = (from: string, to: string): string =>
    `extract(epoch FROM ${to} - ${from})::double precision`;
  // A counter that is lower than before has begun again at zero.
  const increase = 'sum(CASE WHEN v >= p THEN v - p WHEN p IS NOT NULL THEN v END)';
  switch (fn) {
    case 'increase':
      return increase;
    case 'rate':
      return `${increase}::double precision / sum(${seconds('pt', 't')})`;
    case 'delta':
      // The last sample less the one before the first: adding up the steps would round each of them.
      return `CASE WHEN count(p) > 0 THEN sum(v) FILTER (WHERE nt IS NULL OR nt >= e) - sum(coalesce(p, v)) FILTER (WHERE pt IS NULL OR pt < s) END`;
    case 'twa': {
      const held = seconds('t', `least(nt, e, greatest(${now}, t))`);
      // Before its first sample a bucket has the value of the sample before it.
      const lead = (part: string): string => `CASE WHEN pt < s THEN ${part} ELSE 0 END`;
      return `coalesce(sum(v * ${held} + ${lead(`p * ${seconds('s', 't')}`)}) / nullif(sum(${held} + ${lead(seconds('s', 't'))}), 0), max(v))::double precision`;
    }
    default:
      return unreachable(fn);
  }
}

/** Whole numbers and decimals stay exact. */
function carriedType(table: Hypertable, column: string): 'numeric' | 'double precision' {
  const type = columnOf(table, column)?.type ?? '';
  return kindOf(type) === 'integer' || type.startsWith('numeric') ? 'numeric' : 'double precision';
}

/** Whether a row has a sample of the column, as SQL. */
export function isSample(table: Hypertable, column: string): string {
  const type = columnOf(table, column)?.type ?? '';
  const name = ident(column);
  // NaN is greater than infinity.
  return kindOf(type) === 'integer'
    ? `${name} IS NOT NULL`
    : `${name} > '-Infinity'::${type} AND ${name} < 'Infinity'::${type}`;
}

const list = (parts: readonly string[]): string => parts.join(', ');
