// Where the values are that a range is compared with but that lie before it: without a lower bound, the server would plan and lock
// every chunk of the table to find them.
import type { Pool } from 'pg';
import { ident, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import { query } from '../../database/query';
import { statement } from '../../database/statement';
import { instantOf, timeText } from '../../http/time';
import type { Plan } from '../plan/planner';
import { isSequence } from '../request/figures';
import { type Condition, filterSql } from '../request/filters';
import type { Range } from '../request/ranges';
import { sameSeries } from './keys';
import { isLong, lookBack } from './look-back';
import { conditions, type Selection } from './rows-and-buckets';
import { isSample } from './sequences';

/** What is compared with values before the range. */
export interface WarmUp {
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
  pool: Pool,
  { table, by, filters, range, samples, count }: WarmUp,
): Promise<bigint | undefined> {
  // Its series are known only when all of it is read.
  if (by.length > 0 && isLong(table, range)) return undefined;
  const time = ident(table.time);
  const keys = by.map((key, at) => `${ident(key)} AS k${at}`).join(', ');
  return lookBack(table, range.from, async (since) => {
    if (since === undefined) return undefined;
    const { sql, values } = statement((bind) => {
      // Without keys all rows are one series. A value that no condition uses would have no type.
      const asked = by.length > 0 ? conditions(table, range, filters, bind).join(' AND ') : '';
      const earlier = [
        ...sameSeries(table, by),
        `${time} >= ${bind(timeText(since), 'timestamptz')}`,
        `${time} < ${bind(timeText(range.from), 'timestamptz')}`,
        ...filters.map((filter) => filterSql(filter, bind)),
      ].join(' AND ');
      const others = bind(count - 1, 'bigint');
      const lacks = samples.map((sample) => {
        const series =
          by.length > 0
            ? `SELECT DISTINCT ${keys} FROM ${relation(table)} WHERE ${asked} AND ${sample}`
            : 'SELECT';
        return `EXISTS (SELECT 1 FROM (${series}) series WHERE NOT EXISTS (
          SELECT 1 FROM ${relation(table)} WHERE ${earlier} AND ${sample} OFFSET ${others}))`;
      });
      return `SELECT NOT (${lacks.join(' OR ')}) AS enough`;
    });
    const [found] = await query<{ enough: boolean }>(pool, sql, values);
    return found?.enough === true ? since : undefined;
  });
}

/** The same for the samples before the buckets of a plan; undefined, too, when the plan compares no samples. */
export async function earlierSamples(
  pool: Pool,
  { relation: source, expressions, range }: Plan,
  { by, filters, after }: Pick<Selection, 'by' | 'filters' | 'after'>,
): Promise<bigint | undefined> {
  const columns = new Set(expressions.filter(isSequence).map(({ column }) => column));
  if (columns.size === 0 || source.kind !== 'hypertable') return undefined;
  const from = after === undefined ? range.from : instantOf(after.time);
  const samples = [...columns].map((column) => isSample(source, column));
  return warmUpStart(pool, { table: source, by, filters, range: { ...range, from }, samples, count: 1 });
}
