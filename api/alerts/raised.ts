// The alerts that written rows raise.
import type { Db } from '../../db/model';
import type { Cell } from '../../db/server/copy-binary';
import { timeText } from '../http/time';
import { SENSOR, type Watched } from './alert-tables';
import { type Alert, evaluate, type Threshold } from './evaluate';
import { thresholdQuery } from './store';

/** A row as it is written: its time in microseconds since 1970, and its values in the order of the columns. */
export interface WrittenRow {
  readonly at: number;
  readonly cells: readonly (Cell | undefined)[];
}

/** The thresholds of the rows' sensors. */
export async function thresholdsFor(
  db: Db,
  watched: Watched,
  rows: readonly WrittenRow[],
): Promise<readonly Threshold[]> {
  const place = watched.readings.columnNames.indexOf(SENSOR);
  const sensors = new Set<string>();
  for (const { cells } of rows) {
    const sensor = cells[place];
    if (sensor !== null && sensor !== undefined) sensors.add(String(sensor));
  }
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
  return sensors.size === 0 ? [] : rows.filter(({ cells }) => sensors.has(String(cells[place] ?? '')));
}

/** The alerts that the rows raise, in the order of rows and thresholds. */
export function raisedAlerts(
  watched: Watched,
  thresholds: readonly Threshold[],
  rows: readonly WrittenRow[],
): readonly Alert[] {
  const { columnNames } = watched.readings;
  const metrics = [...new Set(thresholds.map(({ metric }) => metric))];
  const readings = rowsWithThresholds(watched, thresholds, rows).map(({ at, cells }) => ({
    time: timeText(BigInt(at)),
    sensor_id: String(cells[columnNames.indexOf(SENSOR)] ?? ''),
    values: Object.fromEntries(metrics.map((name) => [name, numberOf(cells[columnNames.indexOf(name)])])),
  }));
  return evaluate(readings, thresholds, watched.metrics);
}

const numberOf = (cell: Cell | undefined): number | null =>
  cell === null || cell === undefined ? null : Number(cell);
