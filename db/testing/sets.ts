// A small set for tests, with room to vary one thing at a time.
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { avg, count, max, sum, total, weightedAvg } from '../language/expressions';
import { type Hypertable, hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import type { Duration } from '../language/interval';
import { type SchemaSet, schemaSet } from '../language/schema-set';

export interface Variation {
  /** Name of the table. */
  readonly name?: string;
  readonly chunkInterval?: Duration;
  readonly retention?: Duration;
  readonly compressAfter?: Duration;
  readonly extraColumn?: boolean;
  readonly extraIndex?: boolean;
  readonly realTime?: boolean;
  readonly refreshEvery?: Duration;
  readonly startOffset?: Duration;
  readonly otherQuery?: boolean;
  readonly withoutRetention?: boolean;
}

/** Table `metric` of PostgreSQL schema `plant`. */
export function metricTable(variation: Variation = {}): Hypertable<'at' | 'device' | 'value'> {
  const columns = { at: timestamptz().notNull(), device: text().notNull(), value: float8() };
  return hypertable(variation.name ?? 'plant.metric', {
    // The extra column is for the database only: aggregates of the tests never use it.
    columns: variation.extraColumn ? ({ ...columns, unit: text() } as typeof columns) : columns,
    time: 'at',
    chunkInterval: variation.chunkInterval ?? '1 day',
    indexes: [index('device', desc('at')), ...(variation.extraIndex ? [index('value')] : [])],
    columnstore: { segmentBy: ['device'], orderBy: [desc('at')], after: variation.compressAfter ?? '7 days' },
    ...(variation.withoutRetention ? {} : { retention: variation.retention ?? '30 days' }),
  });
}

/** `plant.metric_hourly` and `plant.metric_daily` over it. */
export function metricAggregates(
  table: Hypertable<'at' | 'device' | 'value'>,
  variation: Variation = {},
): readonly [ContinuousAggregate, ContinuousAggregate] {
  const hourly = continuousAggregate('plant.metric_hourly', {
    from: table,
    bucket: '1 hour',
    groupBy: ['device'],
    select: {
      avg_value: variation.otherQuery ? max('value') : avg('value'),
      sum_value: sum('value'),
      count_value: count('value'),
      rows: count(),
    },
    realTime: variation.realTime ?? true,
    refresh: {
      startOffset: variation.startOffset ?? '3 days',
      endOffset: '1 hour',
      every: variation.refreshEvery ?? '1 hour',
    },
  });
  const daily = continuousAggregate('plant.metric_daily', {
    from: hourly,
    bucket: '1 day',
    groupBy: ['device'],
    select: { avg_value: weightedAvg('sum_value', 'count_value'), rows: total('rows') },
    realTime: true,
    refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
    retention: '1 year',
  });
  return [hourly, daily];
}

/** All of it. */
export function plant(variation: Variation = {}): SchemaSet {
  const table = metricTable(variation);
  return schemaSet('plant', [table, ...metricAggregates(table, variation)]);
}
