// Set `apm`: application performance, cascading from five minutes to hours and days.
import { continuousAggregate } from '../language/aggregate';
import { integer, text, timestamptz } from '../language/columns';
import { avg, count, filter, max, sum, where } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { rollup } from '../language/rollup';
import { schemaSet } from '../language/schema-set';

/** One row per request. */
export const apmMetrics = hypertable('apm.apm_metrics', {
  columns: {
    time: timestamptz().notNull(),
    service_name: text().notNull(),
    endpoint: text().notNull(),
    response_time_ms: integer().unit('ms'),
    status_code: integer(),
  },
  time: 'time',
  chunkInterval: '1 hour',
  distributeBy: 'service_name',
  indexes: [index('service_name', 'endpoint', desc('time'))],
  retention: '30 days',
});

/** Five minutes per service and endpoint; errors are status codes from 500 on. */
export const apm5min = continuousAggregate('apm.apm_metrics_5min', {
  from: apmMetrics,
  bucket: '5 minutes',
  groupBy: ['service_name', 'endpoint'],
  select: {
    avg_response_time_ms: avg('response_time_ms'),
    max_response_time_ms: max('response_time_ms'),
    request_count: count(),
    error_count: filter(count(), where('status_code', '>=', 500)),
    sum_response_time_ms: sum('response_time_ms'),
    count_response_time_ms: count('response_time_ms'),
  },
  realTime: true,
  refresh: { startOffset: '1 day', endOffset: '5 minutes', every: '5 minutes' },
  retention: '30 days',
});

/** Hours, kept for a year. */
export const apmHourly = rollup('apm.apm_metrics_hourly', {
  from: apm5min,
  bucket: '1 hour',
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  retention: '1 year',
});

/** Days, kept for ever. */
export const apmDaily = rollup('apm.apm_metrics_daily', {
  from: apmHourly,
  bucket: '1 day',
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
});

export const apm = schemaSet('apm', [apmMetrics, apm5min, apmHourly, apmDaily]);
