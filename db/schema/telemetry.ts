// Set `telemetry`: one table for everything that agents send: Telegraf, Prometheus (remote write) and OpenTelemetry.
import { float8, jsonb, text, timestamptz } from '../language/columns';
import { hypertable } from '../language/hypertable';
import { desc, gin, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';

/** One row per sample. It takes every measurement and metric that no other selected table takes. */
export const sample = hypertable('telemetry.sample', {
  columns: {
    time: timestamptz().notNull(),
    /** `cpu_usage_idle`: the measurement and its field, or the name of the metric. */
    name: text().notNull(),
    value: float8(),
    /** The value of a field that is no number. */
    text: text(),
    labels: jsonb().notNull().default(`'{}'::jsonb`),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('name', desc('time')), gin('labels')],
  columnstore: { segmentBy: ['name'], orderBy: [desc('time')], after: '7 days' },
  retention: '90 days',
  ingest: { names: '*', name: 'name', value: 'value', text: 'text', tags: 'labels' },
});

export const telemetry = schemaSet('telemetry', [sample]);
