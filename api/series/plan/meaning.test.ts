import type { ContinuousAggregate, Relation } from '../../../db/language/aggregate';
import { continuousAggregate } from '../../../db/language/aggregate';
import {
  avg,
  count,
  countDistinct,
  type Expression,
  filter,
  first,
  last,
  max,
  min,
  minus,
  percentile,
  sql,
  stddev,
  sum,
  total,
  weightedAvg,
  where,
} from '../../../db/language/expressions';
import { apm5min, apmDaily, apmMetrics } from '../../../db/schema/apm';
import { revenueDaily } from '../../../db/schema/business';
import { peakHours, sensorData, sensorDataMonthly } from '../../../db/schema/iot';
import { stockPrices, stockPricesDaily } from '../../../db/schema/market';
import { sensorDailyStats } from '../../../db/schema/monitoring';
import { figureKey } from '../request/figures';
import { isRealTime, meaningOf } from './meaning';

const meanings = (aggregate: ContinuousAggregate): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...meaningOf(aggregate).figures].map(([column, figure]) => [
      column,
      figureKey(figure).replaceAll('"', ''),
    ]),
  );

const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
const over = (
  from: Relation,
  select: Readonly<Record<string, Expression>>,
  groupBy: readonly string[],
  realTime = true,
): ContinuousAggregate =>
  continuousAggregate('public.test', {
    from,
    bucket: '1 day',
    groupBy,
    select,
    realTime,
    refresh,
  }) as ContinuousAggregate;

describe('meaning', () => {
  it('goes through a hierarchy', () => {
    expect(meanings(sensorDataMonthly)).toMatchObject({
      avg_temperature: 'avg(temperature)',
      min_temperature: 'min(temperature)',
      max_temperature: 'max(temperature)',
      reading_count: 'count(*)',
      sum_humidity: 'sum(humidity)',
      count_humidity: 'count(humidity)',
    });
    expect(meanings(apmDaily)).toEqual({
      avg_response_time_ms: 'avg(response_time_ms)',
      max_response_time_ms: 'max(response_time_ms)',
      request_count: 'count(*)',
      sum_response_time_ms: 'sum(response_time_ms)',
      count_response_time_ms: 'count(response_time_ms)',
    });
    expect(meanings(sensorDailyStats).avg_temperature).toBe('avg(temperature)');
    expect(meaningOf(sensorDataMonthly).keys).toEqual(['sensor_id']);
  });

  it('has none for differences, filters, SQL and ratios of other things', () => {
    expect(meanings(peakHours)).not.toHaveProperty('range_temperature');
    expect(meanings(apm5min)).not.toHaveProperty('error_count');
    expect(meanings(revenueDaily)).toEqual({
      total_revenue: 'sum(revenue)',
      total_profit: 'sum(profit)',
      total_orders: 'sum(orders_count)',
    });
    expect(
      meanings(
        over(
          apmMetrics,
          {
            spread: minus(max('response_time_ms'), min('response_time_ms')),
            errors: filter(count(), where('status_code', '>=', 500)),
            text: sql('count(*)'),
          },
          [],
        ),
      ),
    ).toEqual({});
  });

  it('knows what can only be read from the rows', () => {
    const fine = over(
      sensorData,
      {
        deviation: stddev('temperature'),
        p95: percentile(0.95, 'temperature'),
        sensors: countDistinct('sensor_id'),
        average: avg('temperature'),
        sum_t: sum('temperature'),
        count_h: count('humidity'),
        lowest: min('temperature'),
        ids: count('sensor_id'),
      },
      ['sensor_id'],
    );
    expect(meanings(fine)).toEqual({
      deviation: 'stddev(temperature)',
      p95: 'percentile_cont(0.95) WITHIN GROUP (ORDER BY temperature)',
      sensors: 'count(DISTINCT sensor_id)',
      average: 'avg(temperature)',
      sum_t: 'sum(temperature)',
      count_h: 'count(humidity)',
      lowest: 'min(temperature)',
      // Never NULL, so that counting its values is counting rows.
      ids: 'count(*)',
    });
    expect(
      meanings(
        over(
          fine,
          {
            deviation: stddev('deviation'),
            p95: percentile(0.95, 'p95'),
            sensors: sum('sensors'),
            average: avg('average'),
            wrong: weightedAvg('sum_t', 'count_h'),
            reversed: weightedAvg('count_h', 'sum_t'),
            highest_low: max('lowest'),
            buckets: count('lowest'),
            rows: count(),
            ids: total('ids'),
          },
          ['sensor_id'],
        ),
      ),
    ).toEqual({ ids: 'count(*)' });
  });

  it('follows first and last only in order of time, and while series stay apart', () => {
    expect(meanings(stockPricesDaily)).toMatchObject({
      open: 'public.first(open, time)',
      close: 'public.last(close, time)',
    });
    const monthly = (groupBy: readonly string[], by: string) =>
      meanings(
        over(
          stockPricesDaily,
          { open: first('open', by), close: last('close', by), swapped: first('close', by) },
          groupBy,
        ),
      );
    expect(monthly(['symbol'], 'bucket')).toEqual({
      open: 'public.first(open, time)',
      close: 'public.last(close, time)',
    });
    expect(monthly(['symbol'], 'high')).toEqual({});
    expect(monthly([], 'bucket')).toEqual({});
    expect(meanings(over(stockPrices, { best: first('open', 'volume') }, ['symbol']))).toEqual({});
  });

  it('takes a grouping by a figure for no key', () => {
    const byVolume = over(stockPricesDaily, { high: max('high') }, ['symbol', 'volume']);
    expect(meaningOf(byVolume)).toMatchObject({ keys: ['symbol'], hasOtherKeys: true });
    expect(meanings(byVolume)).toEqual({ high: 'max(high)' });
  });

  it('is real-time only when everything below is', () => {
    const stored = over(sensorData, { rows: count() }, ['sensor_id'], false);
    expect(isRealTime(sensorDataMonthly)).toBe(true);
    expect(isRealTime(stored)).toBe(false);
    expect(isRealTime(over(stored, { rows: total('rows') }, ['sensor_id']))).toBe(false);
  });
});
