// Proves that the aggregates followed the rows: they were refreshed, and they give what the raw rows give.
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { readWatermarks } from '../../../db/engines/health';
import { nameOf } from '../../../db/language/names';
import type { EngineName } from '../../../db/model';
import { sensorDataDaily, sensorDataHourly } from '../../../db/schema/iot';
import { asking } from '../../../db/server/ask';
import { queryCases } from '../queries/query-cases';
import { type AnswerRow, requireSame } from '../queries/same-answer';
import { MOST_DAYS, type Row } from './rows';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEYS = ['bucket', 'sensor_id'];
const LEVELS = [
  { name: nameOf(sensorDataHourly), bucketMs: HOUR_MS },
  { name: nameOf(sensorDataDaily), bucketMs: DAY_MS },
] as const;

/**
 * Holds the aggregates of the table that these rows were written to against it.
 * @throws DatabaseError when one was not refreshed up to the last whole bucket, or gives other values.
 */
export async function requireAggregates(db: Client, engine: EngineName, rows: readonly Row[]): Promise<void> {
  const [first, last] = [rows[0], rows.at(-1)].map((row) => Date.parse(row?.[0] ?? '')) as [number, number];
  // A real-time aggregate computes the buckets after its watermark, so its values alone do not prove a refresh.
  const names = LEVELS.map(({ name }) => name);
  const watermarks = await readWatermarks(asking(db), engine, names);
  for (const { name, bucketMs } of LEVELS) {
    const until = Math.floor(last / bucketMs) * bucketMs;
    const watermark = watermarks.find(({ aggregate }) => aggregate === name)?.watermark ?? '';
    if (first < until && !(Date.parse(watermark) >= until))
      throw new DatabaseError(
        `${name} is stored up to ${watermark || 'nothing'} and not up to ${new Date(until).toISOString()}: it was not refreshed`,
      );
  }
  const answer = async (sql: string): Promise<readonly AnswerRow[]> => (await db.query(sql)).rows;
  for (const { title, raw, stored } of queryCases(new Date(Math.ceil(last / DAY_MS) * DAY_MS), MOST_DAYS))
    requireSame(title, await answer(raw), await answer(stored), KEYS);
}
