// Set `monitoring`: an IoT monitoring service with a sensor registry, readings, alerts and application metrics.
import { continuousAggregate } from '../language/aggregate';
import { float8, integer, jsonb, text, timestamptz } from '../language/columns';
import { avg, count, max, min, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { rollup } from '../language/rollup';
import { schemaSet } from '../language/schema-set';
import { table } from '../language/table';

/** Sensors, and the range that each of their metrics should stay in. A reading outside of it raises an alert. */
export const sensorThresholds = table('monitoring.sensor_thresholds', {
  columns: {
    sensor_id: integer().notNull(),
    metric: text().notNull(),
    minimum: float8(),
    maximum: float8(),
  },
  primaryKey: ['sensor_id', 'metric'],
});

/** Readings with the location of the sensor. */
export const sensorData = hypertable('monitoring.sensor_data', {
  columns: {
    time: timestamptz().notNull(),
    sensor_id: integer().notNull(),
    temperature: float8().unit('°C'),
    humidity: float8().unit('%'),
    pressure: float8().unit('hPa'),
    location: text(),
  },
  time: 'time',
  chunkInterval: '1 day',
  distributeBy: 'sensor_id',
  indexes: [index('sensor_id', desc('time')), index('location', desc('time'))],
  retention: '30 days',
});

/** Hourly figures per sensor; kept for a year. */
export const sensorHourlyStats = continuousAggregate('monitoring.sensor_hourly_stats', {
  from: sensorData,
  bucket: '1 hour',
  groupBy: ['sensor_id'],
  select: {
    avg_temperature: avg('temperature'),
    min_temperature: min('temperature'),
    max_temperature: max('temperature'),
    reading_count: count(),
    sum_temperature: sum('temperature'),
    count_temperature: count('temperature'),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  retention: '1 year',
});

/** Daily figures per sensor, computed exactly from the hourly ones; kept for five years. */
export const sensorDailyStats = rollup('monitoring.sensor_daily_stats', {
  from: sensorHourlyStats,
  bucket: '1 day',
  columns: ['avg_temperature', 'min_temperature', 'max_temperature', 'reading_count'],
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
  retention: '5 years',
});

/** Application metrics. There are many small rows, so a chunk is one hour. */
export const appMetrics = hypertable('monitoring.app_metrics', {
  columns: {
    time: timestamptz().notNull(),
    host: text().notNull(),
    metric_name: text().notNull(),
    value: float8(),
    tags: jsonb().default(`'{}'::jsonb`),
  },
  time: 'time',
  chunkInterval: '1 hour',
  distributeBy: 'host',
  indexes: [index('host', 'metric_name', desc('time'))],
  retention: '30 days',
});

/** Readings with the sensor's battery and signal. */
export const sensorReadings = hypertable('monitoring.sensor_readings', {
  columns: {
    time: timestamptz().notNull(),
    sensor_id: integer().notNull(),
    temperature: float8().unit('°C'),
    humidity: float8().unit('%'),
    pressure: float8().unit('hPa'),
    battery: float8().unit('%'),
    rssi: integer().unit('dBm'),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('sensor_id', desc('time'))],
  columnstore: { segmentBy: ['sensor_id'], orderBy: [desc('time')], after: '7 days' },
  retention: '90 days',
});

/** Hourly figures of the readings. */
export const sensorReadingsHourly = continuousAggregate('monitoring.sensor_readings_hourly', {
  from: sensorReadings,
  bucket: '1 hour',
  groupBy: ['sensor_id'],
  select: {
    avg_temperature: avg('temperature'),
    min_temperature: min('temperature'),
    max_temperature: max('temperature'),
    avg_humidity: avg('humidity'),
    avg_battery: avg('battery'),
    readings: count(),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});

/** Alerts of type `<metric>_low` or `<metric>_high`, with the value and the limit that it passed. */
export const sensorAlerts = hypertable('monitoring.sensor_alerts', {
  columns: {
    time: timestamptz().notNull().default('now()'),
    sensor_id: integer().notNull(),
    alert_type: text().notNull(),
    message: text(),
    value: float8(),
    threshold: float8(),
  },
  time: 'time',
  chunkInterval: '7 days',
  distributeBy: 'sensor_id',
  indexes: [index('sensor_id', desc('time'))],
});

export const monitoring = schemaSet('monitoring', [
  sensorThresholds,
  sensorData,
  sensorHourlyStats,
  sensorDailyStats,
  appMetrics,
  sensorReadings,
  sensorReadingsHourly,
  sensorAlerts,
]);
