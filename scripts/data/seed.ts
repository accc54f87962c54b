// Fills `sensor_data` with generated readings: one transaction, so that an interrupted run leaves nothing behind.
import type { Client } from 'pg';
import { withTransaction } from '../../db/connection';
import { copyText, ensureChunks } from '../../db/copy';
import { nameOf } from '../../db/define';
import type { Desired, EngineName } from '../../db/model';
import { type RefreshResult, refreshAggregates } from '../../db/refresh';
import { sensorData, sensorDataMonthly } from '../../db/schema/iot';
import { relation } from '../../db/sql';
import { progressBar } from '../output';
import { readingCount, readings, type SeriesOptions } from './generator';

/** Whether there is any reading, or what an aggregate kept of readings that retention has dropped. */
export async function hasReadings(db: Client): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM ${relation(sensorData)}) OR EXISTS (SELECT FROM ${relation(sensorDataMonthly)}) AS present`,
  );
  return rows[0]?.present === true;
}

/**
 * Writes the series into a table that has no history yet; `refreshSeeded` comes after it.
 * @returns the number of rows.
 */
export async function seed(
  db: Client,
  engine: EngineName,
  desired: Desired,
  series: SeriesOptions,
  signal?: AbortSignal,
): Promise<number> {
  const total = readingCount(series) * series.sensors;
  const bar = progressBar('sample data', total, 'rows');
  try {
    return await withTransaction(db, async () => {
      await ensureChunks(db, engine, sensorData, series.from, series.to);
      const counted = countLines(readings(series), series.sensors, (done) => bar.advanceTo(done));
      // A run that is killed before its refresh is done leaves a difference that the next apply repairs. Without it the
      // policies would move the watermark to now, and older buckets would never be computed.
      await db.query(
        'INSERT INTO tsdb.pending_refresh (aggregate) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
        [desired.aggregates.map(nameOf)],
      );
      return copyText(db, relation(sensorData), sensorData.columnNames, counted, signal);
    });
  } finally {
    bar.stop();
  }
}

/** Computes the aggregates of a series that was just written. */
export async function refreshSeeded(
  db: Client,
  engine: EngineName,
  { aggregates }: Desired,
  onDone?: (result: RefreshResult) => void,
): Promise<void> {
  await refreshAggregates(db, engine, aggregates, {}, onDone);
  await db.query('DELETE FROM tsdb.pending_refresh WHERE aggregate = ANY ($1)', [aggregates.map(nameOf)]);
}

/** The last `days` days up to now, on whole intervals. */
export function lastDays(days: number, intervalSeconds: number, now = new Date()): { from: Date; to: Date } {
  const step = intervalSeconds * 1000;
  const to = Math.floor(now.getTime() / step) * step;
  return { from: new Date(to - days * 86_400_000), to: new Date(to) };
}

function* countLines(
  chunks: Iterable<string>,
  linesPerChunk: number,
  onCount: (done: number) => void,
): Generator<string> {
  let done = 0;
  for (const chunk of chunks) {
    done += linesPerChunk;
    onCount(done);
    yield chunk;
  }
}
