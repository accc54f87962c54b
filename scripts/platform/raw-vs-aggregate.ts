// The same question asked twice: from the raw rows and from the aggregate, side by side in one run.
import type { Client } from 'pg';
import { counted } from '../../db/core/quantities';
import { ident, relation } from '../../db/core/sql';
import { aggregateQuery } from '../../db/language/aggregate-sql';
import { sensorDataHourly } from '../../db/schema/iot';
import { inTurns } from '../bench/in-turns';
import { compareSpeed } from '../bench/report/format';
import { summarize } from '../bench/report/statistics';

export interface Timing {
  readonly rawMs: number;
  readonly aggregateMs: number;
  /** Buckets in the answer. */
  readonly buckets: number;
}

const RUNS = 5;

/** Hourly figures of all sensors over everything that is stored; medians of five runs each, after one that warms the caches. */
export async function timeHourly(db: Client): Promise<Timing> {
  const columns = sensorDataHourly.columnNames.map((name) => ident(name)).join(', ');
  // count(x) of whole rows makes the server compute every column and send one row, so the network is not measured.
  const wrap = (query: string): string => `SELECT count(x) AS buckets FROM (${query}) x`;
  const ask = (sql: string) => async () => {
    const started = performance.now();
    const { rows } = await db.query<{ buckets: string }>(sql);
    return { milliseconds: performance.now() - started, buckets: Number(rows[0]?.buckets) };
  };
  const [raw = [], stored = []] = await inTurns({ rounds: RUNS }, [
    ask(wrap(aggregateQuery(sensorDataHourly))),
    ask(wrap(`SELECT ${columns} FROM ${relation(sensorDataHourly)}`)),
  ]);
  const median = (runs: typeof raw): number =>
    summarize(
      runs.map(({ milliseconds }) => milliseconds),
      'ms',
    ).median;
  return { rawMs: median(raw), aggregateMs: median(stored), buckets: stored[0]?.buckets ?? 0 };
}

/** One line for people. */
export function describeTiming({ rawMs, aggregateMs, buckets }: Timing): string {
  const compared = aggregateMs > 0 ? compareSpeed(rawMs / aggregateMs) : 'too fast to measure';
  return `raw vs hourly  ${counted(buckets, 'hourly bucket')}: ${rawMs.toFixed(1)} ms from raw rows, ${aggregateMs.toFixed(1)} ms from the aggregate (${compared})`;
}
