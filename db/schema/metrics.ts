// Set `metrics`: general-purpose metrics, device telemetry and application metrics.
import { continuousAggregate } from '../language/aggregate';
import { bigint, float8, jsonb, point, text, timestamptz, uuid } from '../language/columns';
import { avg, count, max, min } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, gin, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';

/** One value per device, metric and time, with free tags. */
export const metric = hypertable('metrics.metrics', {
  columns: {
    time: timestamptz().notNull(),
    device_id: text().notNull(),
    metric_name: text().notNull(),
    value: float8(),
    tags: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
  distributeBy: 'device_id',
  indexes: [index('device_id', desc('time')), index('metric_name', desc('time')), gin('tags')],
  retention: '90 days',
});

/** Hourly figures per device and metric. */
export const metricsHourly = continuousAggregate('metrics.metrics_hourly', {
  from: metric,
  bucket: '1 hour',
  groupBy: ['device_id', 'metric_name'],
  select: {
    avg_value: avg('value'),
    max_value: max('value'),
    min_value: min('value'),
    sample_count: count(),
  },
  realTime: true,
  refresh: { startOffset: '3 hours', endOffset: '1 hour', every: '1 hour' },
  columnstore: { segmentBy: ['device_id', 'metric_name'], orderBy: [desc('bucket')], after: '30 days' },
});

/** What devices report about themselves. */
export const deviceTelemetry = hypertable('metrics.device_telemetry', {
  columns: {
    time: timestamptz().notNull(),
    device_id: uuid().notNull(),
    cpu_usage: float8(),
    memory_usage: float8(),
    disk_usage: float8(),
    network_rx: bigint(),
    network_tx: bigint(),
    location: point(),
    metadata: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
  distributeBy: 'device_id',
  indexes: [index('device_id', desc('time'))],
  retention: '90 days',
});

/** Metrics of application instances. */
export const appMetrics = hypertable('metrics.app_metrics', {
  columns: {
    time: timestamptz().notNull(),
    application: text().notNull(),
    instance: text().notNull(),
    metric_type: text().notNull(),
    metric_value: float8().notNull(),
    labels: jsonb().default(`'{}'::jsonb`),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('application', 'instance', desc('time'))],
  columnstore: {
    segmentBy: ['application', 'instance', 'metric_type'],
    orderBy: [desc('time')],
    after: '7 days',
  },
  retention: '90 days',
});

export const metrics = schemaSet('metrics', [metric, metricsHourly, deviceTelemetry, appMetrics]);
