// Set `iot`: sensor readings with their hourly, daily and monthly aggregates, thresholds and alerts. The default set, in PostgreSQL schema `public`.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz, varchar } from '../language/columns';
import { avg, count, max, min, minus, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { rollup } from '../language/rollup';
import { schemaSet } from '../language/schema-set';
import { table } from '../language/table';

/** One row per sensor and reading: temperature in °C, relative humidity in %, pressure in hPa. */
export const sensorData = hypertable('sensor_data', {
  columns: {
    time: timestamptz().notNull(),
    sensor_id: varchar(50).notNull(),
    temperature: float8().unit('°C'),
    humidity: float8().unit('%'),
    pressure: float8().unit('hPa'),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index(desc('time')), index('sensor_id', desc('time'))],
  columnstore: { segmentBy: ['sensor_id'], orderBy: [desc('time')], after: '7 days' },
  retention: '90 days',
});

/**
 * Hourly figures per sensor. The sums and counts keep the averages of the coarser levels exact. New columns belong at the end,
 * where existing databases take them in place.
 */
export const sensorDataHourly = continuousAggregate('sensor_data_hourly', {
  from: sensorData,
  bucket: '1 hour',
  groupBy: ['sensor_id'],
  select: {
    avg_temperature: avg('temperature'),
    min_temperature: min('temperature'),
    max_temperature: max('temperature'),
    avg_humidity: avg('humidity'),
    avg_pressure: avg('pressure'),
    reading_count: count(),
    sum_temperature: sum('temperature'),
    count_temperature: count('temperature'),
    sum_humidity: sum('humidity'),
    count_humidity: count('humidity'),
    sum_pressure: sum('pressure'),
    count_pressure: count('pressure'),
    min_humidity: min('humidity'),
    max_humidity: max('humidity'),
    min_pressure: min('pressure'),
    max_pressure: max('pressure'),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  retention: '1 year',
});

/** Daily figures per sensor, over the hourly ones. */
export const sensorDataDaily = rollup('sensor_data_daily', {
  from: sensorDataHourly,
  bucket: '1 day',
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
  retention: '5 years',
});

/** Monthly figures per sensor, over the daily ones; kept for ever. */
export const sensorDataMonthly = rollup('sensor_data_monthly', {
  from: sensorDataDaily,
  bucket: '1 month',
  // Months differ in length, so the window must be longer than two of them.
  refresh: { startOffset: '4 months', endOffset: '1 day', every: '1 day' },
});

/** The daily swing of each sensor's temperature. */
export const peakHours = continuousAggregate('peak_hours', {
  from: sensorDataHourly,
  bucket: '1 day',
  groupBy: ['sensor_id'],
  select: {
    max_temperature: max('max_temperature'),
    min_temperature: min('min_temperature'),
    range_temperature: minus(max('max_temperature'), min('min_temperature')),
  },
  realTime: true,
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
  retention: '5 years',
});

/** The range that each metric of a sensor should stay in. A reading outside of it raises an alert when it is ingested. */
export const sensorThresholds = table('sensor_thresholds', {
  columns: {
    sensor_id: varchar(50).notNull(),
    metric: text().notNull(),
    minimum: float8(),
    maximum: float8(),
  },
  primaryKey: ['sensor_id', 'metric'],
});

/** Alerts of type `<metric>_low` or `<metric>_high`, with the time and the value of the reading and the limit that it passed. */
export const sensorAlerts = hypertable('sensor_alerts', {
  columns: {
    time: timestamptz().notNull().default('now()'),
    sensor_id: varchar(50).notNull(),
    alert_type: text().notNull(),
    message: text(),
    value: float8(),
    threshold: float8(),
  },
  time: 'time',
  chunkInterval: '7 days',
  distributeBy: 'sensor_id',
  indexes: [index(desc('time')), index('sensor_id', desc('time'))],
  retention: '1 year',
});

export const iot = schemaSet('iot', [
  sensorData,
  sensorDataHourly,
  sensorDataDaily,
  sensorDataMonthly,
  peakHours,
  sensorThresholds,
  sensorAlerts,
]);
