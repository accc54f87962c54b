// The four resolutions of a sensor's data, with the declared relation that serves each and the columns that are shown.
import type { ColumnOf, ContinuousAggregate, Relation } from '../../db/language/aggregate';
import { parseDuration } from '../../db/language/interval';
import { sensorData, sensorDataDaily, sensorDataHourly, sensorDataMonthly } from '../../db/schema/iot';
import type { Bucket } from '../series/queries/time-conditions';

/** One resolution. Columns are checked by the compiler against the declared relation. */
export interface Level {
  readonly relation: Relation;
  /** The column rows are ordered by. */
  readonly time: string;
  readonly columns: readonly string[];
  /** Absent for raw rows. */
  readonly bucket?: Bucket;
  readonly defaultPeriod: string;
}

/** The name of a resolution, which is also the last part of its address. */
export type LevelName = 'raw' | 'hourly' | 'daily' | 'monthly';

/** Units of the measured quantities, as declared. */
export const units = {
  temperature: sensorData.columns.temperature.measuredIn ?? '',
  humidity: sensorData.columns.humidity.measuredIn ?? '',
  pressure: sensorData.columns.pressure.measuredIn ?? '',
};

/** The columns of a raw answer; also of the current reading. */
export const rawColumns = [
  'time',
  'temperature',
  'humidity',
  'pressure',
] as const satisfies readonly ColumnOf<typeof sensorData>[];

/**
 * The columns of an aggregate's answer. The counts of values are the weights of the averages: a reading may lack a quantity. The
 * carried sums only serve coarser aggregates and are left out.
 */
export const aggregateColumns = [
  'bucket',
  'avg_temperature',
  'min_temperature',
  'max_temperature',
  'avg_humidity',
  'min_humidity',
  'max_humidity',
  'avg_pressure',
  'min_pressure',
  'max_pressure',
  'reading_count',
  'count_temperature',
  'count_humidity',
  'count_pressure',
] as const satisfies readonly ColumnOf<
  typeof sensorDataHourly | typeof sensorDataDaily | typeof sensorDataMonthly
>[];

/** The resolutions by name. */
export const levels: Readonly<Record<LevelName, Level>> = {
  raw: { relation: sensorData, time: sensorData.time, columns: rawColumns, defaultPeriod: '1d' },
  hourly: aggregate(sensorDataHourly, 'hour', '1w'),
  daily: aggregate(sensorDataDaily, 'day', '1m'),
  monthly: aggregate(sensorDataMonthly, 'month', '1y'),
};

function aggregate(relation: ContinuousAggregate, unit: Bucket['unit'], defaultPeriod: string): Level {
  const bucket = { width: parseDuration(relation.bucket), unit };
  return { relation, time: 'bucket', columns: aggregateColumns, bucket, defaultPeriod };
}
