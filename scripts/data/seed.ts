// Fills `sensor_data` with generated readings: one transaction, so that an interrupted run leaves nothing behind.
import type { Client } from 'pg';
import { withTransaction } from '../../db/connection';
import type { EngineName } from '../../db/model';
import { sensorData } from '../../db/schema/iot';
import { relation } from '../../db/sql';
import { progressBar } from '../output';
import { copyText, ensureChunks } from './copy';
import { readingCount, readings, type SeriesOptions } from './generator';

/** Whether the table has any row. */
export async function hasReadings(db: Client): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM ${relation(sensorData)}) AS present`,
  );
  return rows[0]?.present === true;
}

/** Writes the series. @returns the number of rows. */
export async function seed(
  db: Client,
  engine: EngineName,
  series: SeriesOptions,
  signal?: AbortSignal,
): Promise<number> {
  const total = readingCount(series) * series.sensors;
  const bar = progressBar('sample data', total, 'rows');
  try {
    return await withTransaction(db, async () => {
      await ensureChunks(db, engine, sensorData, series.from, series.to);
      const counted = countLines(readings(series), series.sensors, (done) => bar.advanceTo(done));
      return copyText(db, relation(sensorData), sensorData.columnNames, counted, signal);
    });
  } finally {
    bar.stop();
  }
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
