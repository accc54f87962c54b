// The same question asked twice: from the raw rows and from the aggregate, side by side in one run.
import type { Client } from 'pg';
import { ident, relation } from '../../db/core/sql';
import { aggregateQuery } from '../../db/language/aggregate-sql';
import { sensorDataHourly } from '../../db/schema/iot';

export interface Timing {
  readonly rawMs: number;
  readonly aggregateMs: number;
  /** Buckets in the answer. */
  readonly buckets: number;
}

const RUNS = 5;

/** Hourly figures of all sensors over everything that is stored; medians of five warmed runs each. */
export async function timeHourly(db: Client): Promise<Timing> {
  const columns = sensorDataHourly.columnNames.map((name) => ident(name)).join(', ');
  // count(col) over all columns makes the server compute each of them and send one row, so the network is not measured.
  const wrap = (query: string): string => `SELECT count(x) AS buckets FROM (${query}) x`;
  const raw = wrap(aggregateQuery(sensorDataHourly));
  const stored = wrap(`SELECT ${columns} FROM ${relation(sensorDataHourly)}`);
  const rawMs: number[] = [];
  const aggregateMs: number[] = [];
  let buckets = 0;
  for (let run = 0; run <= RUNS; run += 1) {
    const [first, second] = [await time(db, raw), await time(db, stored)];
    buckets = second.buckets;
    // The first round warms the caches.
    if (run === 0) continue;
    rawMs.push(first.milliseconds);
    aggregateMs.push(second.milliseconds);
  }
  return { rawMs: median(rawMs), aggregateMs: median(aggregateMs), buckets };
}

/** One line for people. */
export function describeTiming({ rawMs, aggregateMs, buckets }: Timing): string {
  const ratio = aggregateMs > 0 ? `${(rawMs / aggregateMs).toFixed(1)}× faster` : 'too fast to measure';
  return `raw vs hourly  ${buckets} hourly buckets: ${rawMs.toFixed(1)} ms from raw rows, ${aggregateMs.toFixed(1)} ms from the aggregate (${ratio})`;
}

async function time(db: Client, sql: string): Promise<{ milliseconds: number; buckets: number }> {
  const started = process.hrtime.bigint();
  const { rows } = await db.query<{ buckets: string }>(sql);
  return { milliseconds: Number(process.hrtime.bigint() - started) / 1e6, buckets: Number(rows[0]?.buckets) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
