// Where the values are that a range is compared with but that lie before it: without a lower bound, the server would plan and lock
// every chunk of the table to find them.
import { ident, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import type { EngineName } from '../../../db/model';
import { query } from '../../database/query';
import type { Source } from '../../database/reads';
import { statement } from '../../database/statement';
import { instantOf, timeText } from '../../http/time';
import type { Plan } from '../plan/planner';
import { isSequence } from '../request/figures';
import { type Condition, filterSql } from '../request/filters';
import type { Range } from '../request/ranges';
import { keysOf, sameSeries } from './keys';
import { isLong, lookBack } from './look-back';
import { conditions, type Selection } from './rows-and-buckets';
import { isSample } from './sequences';

/** What is compared with values before the range. */
export interface WarmUp {
  readonly engine: EngineName;
  readonly table: Hypertable;
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  readonly range: Range;
  /** For each kind of values: whether a row has one, as SQL. */
  readonly samples: readonly string[];
  /** How many of them each series needs. */
  readonly count: number;
}

/**
 * A time from which on every series of the range has as many values before the range as it needs. Undefined when some series may
 * have fewer than that: then they may be anywhere.
 */
export async function warmUpStart(
  reads: Source,
  { engine, table, by, filters, range, samples, count }: WarmUp,
): Promise<bigint | undefined> {
  // Its series are known only when all of it is read.
  if (by.length > 0 && isLong(table, range)) return undefined;
  const time = ident(table.time);
  return lookBack(table, range.from, async (since) => {
    if (since === undefined) return undefined;
    const { sql, values } = statement((bind) => {
      // Without keys all rows are one series. A value that no condition uses would have no type.
      const asked = by.length > 0 ? conditions(table, range, filters, bind).join(' AND ') : '';
      const earlier = [
        `${time} >= ${bind(timeText(since), 'timestamptz')}`,
        `${time} < ${bind(timeText(range.from), 'timestamptz')}`,
        ...filters.map((filter) => filterSql(filter, bind)),
      ].join(' AND ');
      const parts = { table, by, asked, earlier, others: bind(count - 1, 'bigint') };
      return engine === 'citus' ? enoughByGroups(samples, parts) : enoughByProbes(samples, parts);
    });
    const [found] = await query<{ enough: boolean }>(reads, sql, values);
    return found?.enough === true ? since : undefined;
  });
}

interface Parts {
  readonly table: Hypertable;
  readonly by: readonly string[];
  /** The conditions on the rows whose series need values, and on the values before them. */
  readonly asked: string;
  readonly earlier: string;
  /** One less than each series needs. */
  readonly others: string;
}

const seriesSql = ({ table, by, asked }: Parts, sample: string): string =>
  by.length > 0
    ? `SELECT DISTINCT ${keysOf(by).join(', ')} FROM ${relation(table)} WHERE ${asked} AND ${sample}`
    : 'SELECT 1';

/** Reads no more rows of each series than it needs. */
function enoughByProbes(samples: readonly string[], parts: Parts): string {
  const { table, by, earlier, others } = parts;
  const lacks = samples.map((sample) => {
    const rows = [...sameSeries(table, by), earlier, sample].join(' AND ');
    return `EXISTS (SELECT 1 FROM (${seriesSql(parts, sample)}) series WHERE NOT EXISTS (
      SELECT 1 FROM ${relation(table)} WHERE ${rows} OFFSET ${others}))`;
  });
  return `SELECT NOT (${lacks.join(' OR ')}) AS enough`;
}

/** The same for Citus, which takes no correlated subquery over a distributed table. */
function enoughByGroups(samples: readonly string[], parts: Parts): string {
  const { table, by, earlier, others } = parts;
  const groups = by.length > 0 ? `GROUP BY ${by.map((key) => ident(key)).join(', ')}` : '';
  const shown = by.length > 0 ? keysOf(by).join(', ') : '1';
  const same = by.map((_, at) => `known.k${at} IS NOT DISTINCT FROM series.k${at}`);
  const read = samples.flatMap((sample, at) => [
    `series_${at} AS MATERIALIZED (${seriesSql(parts, sample)})`,
    `known_${at} AS MATERIALIZED (SELECT ${shown} FROM ${relation(table)} WHERE ${earlier} AND ${sample} ${groups} HAVING count(*) > ${others})`,
  ]);
  const lacks = samples.map(
    (_, at) =>
      `EXISTS (SELECT 1 FROM series_${at} series WHERE NOT EXISTS (SELECT 1 FROM known_${at} known WHERE ${['true', ...same].join(' AND ')}))`,
  );
  return `WITH ${read.join(', ')} SELECT NOT (${lacks.join(' OR ')}) AS enough`;
}

/** The same for the samples before the buckets of a plan; undefined, too, when the plan compares no samples. */
export async function earlierSamples(
  reads: Source,
  { relation: source, expressions, range }: Plan,
  { engine, by, filters, after }: Pick<Selection, 'engine' | 'by' | 'filters' | 'after'>,
): Promise<bigint | undefined> {
  const columns = new Set(expressions.filter(isSequence).map(({ column }) => column));
  if (columns.size === 0 || source.kind !== 'hypertable') return undefined;
  const from = after === undefined ? range.from : instantOf(after.time);
  const samples = [...columns].map((column) => isSample(source, column));
  return warmUpStart(reads, {
    engine,
    table: source,
    by,
    filters,
    range: { ...range, from },
    samples,
    count: 1,
  });
}
