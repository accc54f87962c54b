// The alerts that written rows raise.
import type { Db } from '../../db/model';
import { SENSOR, type Watched } from './alert-tables';
import { type Alert, evaluate, type Threshold } from './evaluate';
import { thresholdQuery } from './store';

/** A row as it is written: COPY texts in the order of the columns. */
export interface WrittenRow {
  readonly time: string;
  readonly texts: readonly (string | null | undefined)[];
}

/** The thresholds of the rows' sensors. */
export async function thresholdsFor(
  db: Db,
  watched: Watched,
  rows: readonly WrittenRow[],
): Promise<readonly Threshold[]> {
  const place = watched.readings.columnNames.indexOf(SENSOR);
  const sensors = new Set(rows.flatMap(({ texts }) => texts[place] ?? []));
  const { sql, values } = thresholdQuery(watched, [...sensors], 1_000_000);
  return (await db.query<Threshold & { sensor_id: string | number }>(sql, values)).rows;
}

/** The rows of sensors that have thresholds: no other row can raise an alert. */
export function rowsWithThresholds<R extends WrittenRow>(
  { readings }: Watched,
  thresholds: readonly Threshold[],
  rows: readonly R[],
): readonly R[] {
  const sensors = new Set(thresholds.map(({ sensor_id }) => String(sensor_id)));
  const place = readings.columnNames.indexOf(SENSOR);
  return rows.filter(({ texts }) => sensors.has(texts[place] ?? ''));
}

/** The alerts that the rows raise, in the order of rows and thresholds. */
export function raisedAlerts(
  watched: Watched,
  thresholds: readonly Threshold[],
  rows: readonly WrittenRow[],
): readonly Alert[] {
  const { columnNames } = watched.readings;
  const metrics = [...new Set(thresholds.map(({ metric }) => metric))];
  const readings = rowsWithThresholds(watched, thresholds, rows).map(({ time, texts }) => ({
    time,
    sensor_id: texts[columnNames.indexOf(SENSOR)] ?? '',
    values: Object.fromEntries(metrics.map((name) => [name, numberOf(texts[columnNames.indexOf(name)])])),
  }));
  return evaluate(readings, thresholds, watched.metrics);
}

const numberOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);
