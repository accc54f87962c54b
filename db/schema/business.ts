// Set `business`: customers, orders, payments and revenue, with aggregates for dashboards and fraud checks.
// A converted chunk takes at least 40 kB, so chunks of tables with few rows a day are long. They are still short beside two years.
import { continuousAggregate } from '../language/aggregate';
import { bigint, float8, jsonb, numeric, text, timestamptz, uuid } from '../language/columns';
import { avg, count, sum, weightedAvg } from '../language/expressions';
import { sqlFunction } from '../language/function';
import { hypertable } from '../language/hypertable';
import { desc, index, partial } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { stream } from '../language/stream';

const kept = { retention: '2 years' } as const;

/** What customers do, one metric per row. */
export const customerMetrics = hypertable('business.customer_metrics', {
  columns: {
    time: timestamptz().notNull(),
    customer_id: uuid().notNull(),
    metric_name: text().notNull(),
    metric_value: float8(),
    labels: jsonb(),
  },
  time: 'time',
  chunkInterval: '30 days',
  distributeBy: 'customer_id',
  indexes: [index(desc('time'), 'metric_name'), index('customer_id', desc('time'))],
  columnstore: { segmentBy: ['metric_name'], orderBy: [desc('time')], after: '7 days' },
  ...kept,
});

/** Orders as they change status. */
export const orderMetrics = hypertable('business.order_metrics', {
  columns: {
    time: timestamptz().notNull(),
    order_id: uuid().notNull(),
    customer_id: uuid().notNull(),
    status: text().notNull(),
    total_amount: numeric(),
  },
  time: 'time',
  chunkInterval: '90 days',
  distributeBy: 'customer_id',
  indexes: [index(desc('time'), 'customer_id'), index(desc('time'), 'status')],
  columnstore: { segmentBy: ['status'], orderBy: [desc('time')], after: '7 days' },
  ...kept,
});

/** Payments with a fraud score from 0 to 100; the partial index serves the list of suspicious ones. */
export const paymentMetrics = hypertable('business.payment_metrics', {
  columns: {
    time: timestamptz().notNull(),
    payment_id: uuid().notNull(),
    order_id: uuid(),
    customer_id: uuid(),
    amount: numeric(),
    status: text().notNull(),
    payment_method: text(),
    fraud_score: float8(),
  },
  time: 'time',
  chunkInterval: '90 days',
  distributeBy: 'customer_id',
  indexes: [
    index(desc('time'), 'status'),
    index(desc('time'), 'customer_id'),
    partial(index(desc('fraud_score'), desc('time')), 'fraud_score > 80'),
  ],
  columnstore: { segmentBy: ['status'], orderBy: [desc('time')], after: '7 days' },
  ...kept,
});

/** Revenue per region. */
export const revenueMetrics = hypertable('business.revenue_metrics', {
  columns: {
    time: timestamptz().notNull(),
    region: text().notNull(),
    revenue: numeric(),
    profit: numeric(),
    orders_count: bigint(),
  },
  time: 'time',
  chunkInterval: '90 days',
  indexes: [index('region', desc('time'))],
  columnstore: { segmentBy: ['region'], orderBy: [desc('time')], after: '7 days' },
  ...kept,
});

/** Health of the services behind the business. */
export const systemMetrics = hypertable('business.system_metrics', {
  columns: {
    time: timestamptz().notNull(),
    service_name: text().notNull(),
    cpu_usage: float8(),
    memory_usage: float8(),
    request_rate: float8(),
    error_rate: float8(),
    latency_p99: float8(),
  },
  time: 'time',
  chunkInterval: '14 days',
  indexes: [index('service_name', desc('time'))],
  columnstore: { segmentBy: ['service_name'], orderBy: [desc('time')], after: '7 days' },
  ...kept,
});

/** Revenue, profit and orders per region and day. */
export const revenueDaily = continuousAggregate('business.revenue_daily', {
  from: revenueMetrics,
  bucket: '1 day',
  groupBy: ['region'],
  select: {
    total_revenue: sum('revenue'),
    total_profit: sum('profit'),
    total_orders: sum('orders_count'),
    avg_order_value: weightedAvg('revenue', 'orders_count'),
  },
  realTime: true,
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
});

/** How active customers are. */
export const customerActivityHourly = continuousAggregate('business.customer_activity_hourly', {
  from: customerMetrics,
  bucket: '1 hour',
  groupBy: ['customer_id'],
  select: { activity_count: count(), avg_value: avg('metric_value') },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});

/** Payments per status and day. */
export const paymentStatusDaily = continuousAggregate('business.payment_status_daily', {
  from: paymentMetrics,
  bucket: '1 day',
  groupBy: ['status'],
  select: { payment_count: count(), total_amount: sum('amount'), avg_fraud_score: avg('fraud_score') },
  realTime: true,
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
});

/** Growth from one period to the next in percent; NULL when the previous value is zero or NULL. */
export const growthRate = sqlFunction('business.growth_rate', {
  args: 'current_value numeric, previous_value numeric',
  returns: 'numeric',
  volatility: 'immutable',
  body: 'SELECT round((current_value - previous_value) / nullif(abs(previous_value), 0) * 100, 2)',
});

/** The topics of the business: each message is a JSON object with members named like the columns. */
export const businessStreams = [
  stream('bss.customer.metrics', customerMetrics),
  stream('bss.order.metrics', orderMetrics),
  stream('bss.payment.metrics', paymentMetrics),
];

export const business = schemaSet(
  'business',
  [
    customerMetrics,
    orderMetrics,
    paymentMetrics,
    revenueMetrics,
    systemMetrics,
    revenueDaily,
    customerActivityHourly,
    paymentStatusDaily,
    growthRate,
  ],
  { streams: businessStreams },
);
