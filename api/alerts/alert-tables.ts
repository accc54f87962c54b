// Which tables of readings raise alerts, and where their thresholds and alerts are kept.
import type { Column } from '../../db/language/columns';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import type { PlainTable } from '../../db/language/table';
import * as iot from '../../db/schema/iot';
import * as monitoring from '../../db/schema/monitoring';
import { isNumeric } from '../database/converters';
import { publicName } from '../database/tables';

/** A table of readings with its thresholds and alerts. All three tables name the sensor in the column `sensor_id`. */
export interface Watched {
  /** Public name of the readings. */
  readonly name: string;
  readonly readings: Hypertable;
  readonly thresholds: PlainTable<'sensor_id' | 'metric' | 'minimum' | 'maximum'>;
  readonly alerts: Hypertable<'time' | 'sensor_id' | 'alert_type' | 'message' | 'value' | 'threshold'>;
  /** Columns that may have thresholds, with the unit of their numbers. */
  readonly metrics: ReadonlyMap<string, string | undefined>;
}

/** The column that names the sensor. */
export const SENSOR = 'sensor_id';

const WATCHED: readonly Watched[] = [
  watched(iot.sensorData, iot.sensorThresholds, iot.sensorAlerts),
  watched(monitoring.sensorData, monitoring.sensorThresholds, monitoring.sensorAlerts),
  watched(monitoring.sensorReadings, monitoring.sensorThresholds, monitoring.sensorAlerts),
];

/** The watched tables of the selected sets, by public name. */
export function watchedTables({ hypertables, tables }: Desired): ReadonlyMap<string, Watched> {
  return new Map(
    WATCHED.filter(
      ({ readings, thresholds, alerts }) =>
        hypertables.includes(readings) && hypertables.includes(alerts) && tables.includes(thresholds),
    ).map((one) => [one.name, one]),
  );
}

/** The declared type of a watched table's sensor ids. */
export const sensorType = ({ thresholds }: Watched): string => thresholds.columns.sensor_id.type;

function watched(
  readings: Hypertable<string> & { readonly columns: { readonly sensor_id: Column } },
  thresholds: Watched['thresholds'],
  alerts: Watched['alerts'],
): Watched {
  const metrics = Object.entries(readings.columns as Readonly<Record<string, Column>>)
    .filter(([name, { type }]) => name !== SENSOR && isNumeric(type))
    .map(([name, { measuredIn }]) => [name, measuredIn] as const);
  return { name: publicName(readings), readings, thresholds, alerts, metrics: new Map(metrics) };
}
