// Finds the series with the largest values of a figure over the whole range.
import { ident } from '../../../db/core/sql';
import type { EngineName } from '../../../db/model';
import { query } from '../../database/query';
import type { Source } from '../../database/reads';
import { statement } from '../../database/statement';
import { wholeRange } from '../buckets';
import { planOver } from '../plan/planner';
import type { Question } from '../plan/sources';
import { castOf } from '../request/column-types';
import { columnOf } from '../request/figures';
import type { Condition } from '../request/filters';
import type { Range } from '../request/ranges';
import type { Top } from '../request/top';
import { bucketSql } from './rows-and-buckets';
import { earlierSamples } from './warm-up';

/** The series that are shown. */
export interface TopSeries {
  /** Holds for their rows, and for no others. */
  readonly condition: Condition;
  readonly shown: number;
  readonly leftOut: number;
}

/** Where series are ranked. */
export interface Ranking {
  readonly engine: EngineName;
  readonly top: Top;
  /** What the request asks; its figures play no part. */
  readonly question: Question;
  readonly filters: readonly Condition[];
  readonly range: Range;
  readonly now: bigint;
}

const DAY = { months: 0, days: 1, microseconds: 0 } as const;

/** Ranks series from the largest value to the smallest, then those with NaN and with NULL; equal ones in order of their keys. */
export async function topSeries(
  source: Source,
  { engine, top, question, filters, range, now }: Ranking,
): Promise<TopSeries> {
  const { by, table } = question;
  const ranked = { ...question, figures: [top.field.figure] };
  // The whole range is one bucket, which some aggregates can give.
  const plan = planOver(ranked, wholeRange(DAY, range), range, now);
  const keys = by.map((key, at) => `${ident(key)}::text AS k${at}`);
  const earlierSince = await earlierSamples(source, plan, { engine, by, filters });
  const { sql, values } = statement((bind) => {
    const series = bucketSql(
      plan,
      { engine, by, filters, names: ['value of the series'], earlierSince },
      bind,
    );
    const value = '"value of the series"';
    const order = [`${value}::text = 'NaN'`, `${value} DESC NULLS LAST`, ...by.map((key) => ident(key))];
    return `SELECT ${[...keys, 'count(*) OVER () AS found'].join(', ')} FROM (${series}) series
     ORDER BY ${order.join(', ')} LIMIT ${bind(top.count, 'bigint')}`;
  });
  const rows = await query<Record<string, string | null> & { found: number }>(source, sql, values);
  const same = (row: Readonly<Record<string, string | null | number>>): Condition => ({
    kind: 'all',
    of: by.map((column, at) => {
      const value = row[`k${at}`] ?? null;
      const cast = castOf(columnOf(table.hypertable, column)?.type ?? '');
      return value === null
        ? { column, operator: 'is null', values: [], cast }
        : { column, operator: '=', values: [String(value)], cast };
    }),
  });
  return {
    condition: { kind: 'any', of: rows.map(same) },
    shown: rows.length,
    leftOut: (rows[0]?.found ?? 0) - rows.length,
  };
}
