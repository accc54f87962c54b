import { continuousAggregate } from '../../../db/language/aggregate';
import { expressionSql } from '../../../db/language/aggregate-sql';
import { count, percentile, stddev } from '../../../db/language/expressions';
import { sensorData } from '../../../db/schema/iot';
import { publicName } from '../../database/tables';
import { timeText } from '../../http/time';
import { isSequence } from '../request/figures';
import { type Asked, plan, tableOf } from '../testing/questions';

const s = 'sensor_id';
const CASES: readonly (readonly [string, Asked, string, string])[] = [
  // iot: the coarsest that fits
  ['sensor_data', { field: 'avg(temperature)', by: s }, '30m', 'sensor_data'],
  ['sensor_data', { field: 'avg(temperature)', by: s }, '1h', 'sensor_data_hourly'],
  ['sensor_data', { field: 'avg(temperature)' }, '6h', 'sensor_data_hourly'],
  ['sensor_data', { field: 'avg(temperature)' }, '1d', 'sensor_data_daily'],
  ['sensor_data', { field: 'avg(temperature)' }, '36h', 'sensor_data_hourly'],
  ['sensor_data', { field: 'avg(temperature)' }, '1w', 'sensor_data_daily'],
  ['sensor_data', { field: 'count' }, '1mo', 'sensor_data_monthly'],
  ['sensor_data', { field: 'count,sum(pressure)' }, '1y', 'sensor_data_monthly'],
  ['sensor_data', { field: 'count', where: ['sensor_id>a'] }, '1mo', 'sensor_data_monthly'],
  ['sensor_data', { field: 'count', where: ['humidity>3'] }, '1mo', 'sensor_data'],
  ['sensor_data', { field: 'min(humidity),max(pressure)' }, '1d', 'sensor_data_daily'],
  ['sensor_data', { field: 'first(humidity)' }, '1d', 'sensor_data'],
  ['sensor_data', { field: 'count(sensor_id)' }, '1d', 'sensor_data_daily'],
  ['sensor_data', { field: 'stddev(temperature)', by: s }, '1h', 'sensor_data'],
  ['sensor_data', { field: 'median(temperature)', by: s }, '1h', 'sensor_data'],
  ['sensor_data', { field: 'avg(temperature),median(temperature)', by: s }, '1h', 'sensor_data'],
  // monitoring: daily averages carry no weights
  ['monitoring.sensor_data', { field: 'avg(temperature)', by: s }, '1d', 'monitoring.sensor_daily_stats'],
  [
    'monitoring.sensor_data',
    { field: 'avg(temperature)', where: ['sensor_id=7'] },
    '1d',
    'monitoring.sensor_daily_stats',
  ],
  [
    'monitoring.sensor_data',
    { field: 'avg(temperature)', where: ['sensor_id in [7,8]'] },
    '1d',
    'monitoring.sensor_hourly_stats',
  ],
  ['monitoring.sensor_data', { field: 'avg(temperature)' }, '1d', 'monitoring.sensor_hourly_stats'],
  ['monitoring.sensor_data', { field: 'avg(temperature)', by: s }, '1w', 'monitoring.sensor_hourly_stats'],
  [
    'monitoring.sensor_data',
    { field: 'max(temperature),count', by: s },
    '1w',
    'monitoring.sensor_daily_stats',
  ],
  ['monitoring.sensor_data', { field: 'max(temperature)', by: 'location' }, '1w', 'monitoring.sensor_data'],
  ['monitoring.sensor_readings', { field: 'avg(battery)', by: s }, '1h', 'monitoring.sensor_readings_hourly'],
  ['monitoring.sensor_readings', { field: 'avg(battery)', by: s }, '2h', 'monitoring.sensor_readings'],
  [
    'monitoring.app_metrics',
    { field: 'avg(value)', where: ['tags @> {"a":1}'] },
    '1h',
    'monitoring.app_metrics',
  ],
  // apm: two keys
  ['apm.apm_metrics', { field: 'avg(response_time_ms)' }, '5m', 'apm.apm_metrics_5min'],
  ['apm.apm_metrics', { field: 'count', by: 'service_name' }, '15m', 'apm.apm_metrics_5min'],
  ['apm.apm_metrics', { field: 'count', by: 'service_name' }, '1h', 'apm.apm_metrics_hourly'],
  [
    'apm.apm_metrics',
    { field: 'max(response_time_ms)', by: 'endpoint,service_name' },
    '1mo',
    'apm.apm_metrics_daily',
  ],
  ['apm.apm_metrics', { field: 'count', where: ['status_code>=500'] }, '1h', 'apm.apm_metrics'],
  ['apm.apm_metrics', { field: 'count', by: 'status_code' }, '1h', 'apm.apm_metrics'],
  ['apm.apm_metrics', { field: 'min(response_time_ms)' }, '1h', 'apm.apm_metrics'],
  // market: first and last need the series apart
  [
    'market.stock_prices',
    { field: 'first(open),last(close),max(high)', by: 'symbol' },
    '1d',
    'market.stock_prices_daily',
  ],
  [
    'market.stock_prices',
    { field: 'first(open),last(close)', by: 'symbol' },
    '1mo',
    'market.stock_prices_daily',
  ],
  [
    'market.stock_prices',
    { field: 'last(close)', where: ['symbol=AAPL'] },
    '1w',
    'market.stock_prices_daily',
  ],
  ['market.stock_prices', { field: 'last(close)' }, '1w', 'market.stock_prices'],
  ['market.stock_prices', { field: 'last(close)', where: ['symbol!=AAPL'] }, '1w', 'market.stock_prices'],
  ['market.stock_prices', { field: 'first(close)', by: 'symbol' }, '1d', 'market.stock_prices'],
  ['market.stock_prices', { field: 'sum(volume)' }, '1w', 'market.stock_prices_daily'],
  ['market.stock_prices', { field: 'avg(volume)' }, '1w', 'market.stock_prices'],
  // business
  ['business.revenue_metrics', { field: 'sum(revenue)' }, '1mo', 'business.revenue_daily'],
  [
    'business.payment_metrics',
    { field: 'avg(fraud_score)', by: 'status' },
    '1d',
    'business.payment_status_daily',
  ],
  ['business.payment_metrics', { field: 'avg(fraud_score)' }, '1d', 'business.payment_metrics'],
  ['business.payment_metrics', { field: 'sum(amount)' }, '1d', 'business.payment_status_daily'],
  ['business.customer_metrics', { field: 'count' }, '1h', 'business.customer_activity_hourly'],
  ['business.system_metrics', { field: 'max(cpu_usage)' }, '1d', 'business.system_metrics'],
  // metrics
  ['metrics.metrics', { field: 'max(value),count', by: 'device_id' }, '1d', 'metrics.metrics_hourly'],
  [
    'metrics.metrics',
    { field: 'avg(value)', by: 'device_id', where: ['metric_name=cpu'] },
    '1h',
    'metrics.metrics_hourly',
  ],
  ['metrics.metrics', { field: 'avg(value)', by: 'device_id' }, '1h', 'metrics.metrics'],
];

describe('planner', () => {
  it.each(CASES)('%s %j in %s comes from %s', (table, asked, bucket, source) => {
    expect(publicName(plan(tableOf(table), asked, bucket).relation)).toBe(source);
  });

  it('puts figures together from what an aggregate carries', () => {
    const sqlOf = (table: string, asked: Asked, bucket: string) =>
      plan(tableOf(table), asked, bucket).expressions.map((one) =>
        isSequence(one) ? one.fn : expressionSql(one).replaceAll('"', ''),
      );
    expect(
      sqlOf('sensor_data', { field: 'avg(humidity),count,sum(humidity),min(temperature)' }, '1w'),
    ).toEqual([
      'sum(sum_humidity) / nullif(sum(count_humidity), 0)::double precision',
      'sum(reading_count)::bigint',
      'sum(sum_humidity)',
      'min(min_temperature)',
    ]);
    expect(sqlOf('apm.apm_metrics', { field: 'sum(response_time_ms)' }, '1h')).toEqual([
      'sum(sum_response_time_ms)::bigint',
    ]);
    expect(sqlOf('market.stock_prices', { field: 'last(close)', by: 'symbol' }, '1mo')).toEqual([
      'public.last(close, bucket)',
    ]);
    expect(sqlOf('monitoring.sensor_data', { field: 'avg(temperature)', by: s }, '1d')).toEqual([
      'min(avg_temperature)',
    ]);
  });

  it('reads percentiles and deviations from an aggregate whose row is the answer', () => {
    const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
    const spread = (realTime: boolean) =>
      continuousAggregate('spread', {
        from: sensorData,
        bucket: '1 hour',
        groupBy: ['sensor_id'],
        select: { p95: percentile(0.95, 'temperature'), sd: stddev('temperature'), rows: count() },
        realTime,
        refresh,
      });
    const table = (realTime: boolean) => ({ ...tableOf('sensor_data'), aggregates: [spread(realTime)] });
    const source = (asked: Asked, bucket: string, realTime = true) =>
      plan(table(realTime), asked, bucket).relation.name;
    expect(source({ field: 'p95(temperature),stddev(temperature)', by: s }, '1h')).toBe('spread');
    expect(source({ field: 'p95(temperature)', where: ['sensor_id=a'] }, '1h')).toBe('spread');
    expect(source({ field: 'p95(temperature)' }, '1h')).toBe('sensor_data');
    expect(source({ field: 'p95(temperature)', by: s }, '2h')).toBe('sensor_data');
    expect(source({ field: 'p90(temperature)', by: s }, '1h')).toBe('sensor_data');
    expect(source({ field: 'count', by: s }, '2h')).toBe('spread');
    // Without its newest buckets it does not answer exactly.
    expect(source({ field: 'count', by: s }, '2h', false)).toBe('sensor_data');
  });

  it('widens the range to whole buckets', () => {
    const { range } = plan(tableOf('sensor_data'), { field: 'count' }, '1w', '30d');
    expect([timeText(range.from), timeText(range.to)]).toEqual([
      '2026-10-19T00:00:00Z',
      '2026-11-23T00:00:00Z',
    ]);
  });

  it('prefers a source that still has the start of the range, and says when none has', () => {
    const source = (bucket: string, period: string) => {
      const { relation, keptSince } = plan(tableOf('sensor_data'), { field: 'count' }, bucket, period);
      return [relation.name, keptSince];
    };
    expect(source('1w', '2y')).toEqual(['sensor_data_daily', null]);
    expect(source('1w', '9y')).toEqual(['sensor_data_daily', '2021-11-20T11:11:24.5Z']);
    // Hourly figures are kept for a year, readings for 90 days.
    expect(source('1h', '2y')).toEqual(['sensor_data_hourly', '2025-11-20T11:11:24.5Z']);
    expect(source('1m', '1y')).toEqual(['sensor_data', '2026-08-22T11:11:24.5Z']);
    expect(source('1mo', '9y')).toEqual(['sensor_data_monthly', null]);
    // The coarser one would do, but does not go back far enough.
    const [hourly, daily] = tableOf('sensor_data').aggregates;
    if (!hourly || !daily) throw new Error('no aggregates');
    const table = {
      ...tableOf('sensor_data'),
      aggregates: [hourly, { ...daily, retention: '30 days' as const }],
    };
    expect(plan(table, { field: 'count' }, '1d', '60d').relation.name).toBe('sensor_data_hourly');
    expect(plan(table, { field: 'count' }, '1d', '20d').relation.name).toBe('sensor_data_daily');
  });
});
