// The rows that every ingest method gets: readings of the sample data, as values and as a CSV file.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { sensorData } from '../../../db/schema/iot';
import { batches } from '../../generate/batches';
import { iotSample } from '../../generate/sets/iot';

/** A reading: the columns of `sensor_data` as texts. */
export type Row = readonly string[];

export const COLUMNS = sensorData.columnNames;

const HOUR_MS = 3_600_000;
/** Well within retention, because an import refuses rows that are older. */
export const MOST_DAYS = 60;

/** Readings that end an hour ago, of each sensor every `intervalSeconds`, or more often so that all fit into sixty days. */
export function readings(
  count: number,
  { sensors, intervalSeconds }: { readonly sensors: number; readonly intervalSeconds: number },
  now = Date.now(),
): readonly Row[] {
  const steps = Math.ceil(count / sensors);
  const interval = Math.max(1, Math.min(intervalSeconds, Math.floor((MOST_DAYS * 86_400) / steps)));
  const to = Math.floor((now - HOUR_MS) / HOUR_MS) * HOUR_MS;
  const from = new Date(to - steps * interval * 1_000);
  const options = { series: sensors, intervalSeconds: interval, seed: 2, gaps: 0, outliers: 0 };
  const rows: Row[] = [];
  for (const { lines } of batches(iotSample, iotSample.begin(options), options, { from, to: new Date(to) }))
    for (const line of lines[0].split('\n')) if (line !== '') rows.push(line.split('\t'));
  return rows.slice(0, count);
}

/** Writes a CSV file with a header and returns its size in bytes. */
export async function writeCsv(file: string, rows: readonly Row[]): Promise<number> {
  const stream = createWriteStream(file);
  stream.write(`${COLUMNS.join(',')}\n`);
  for (let at = 0; at < rows.length; at += 1_000) {
    const text = rows
      .slice(at, at + 1_000)
      .map((row) => `${row.join(',')}\n`)
      .join('');
    if (!stream.write(text)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
  return stream.bytesWritten;
}
