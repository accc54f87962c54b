// A set of any size: per table an hourly and a daily aggregate.
import { continuousAggregate } from '../../../db/language/aggregate';
import { float8, text, timestamptz } from '../../../db/language/columns';
import { avg, count, max, min, sum, total, weightedAvg } from '../../../db/language/expressions';
import { hypertable } from '../../../db/language/hypertable';
import { desc, index } from '../../../db/language/indexes';
import { type SchemaSet, schemaSet } from '../../../db/language/schema-set';

/** `tables` hypertables and twice as many aggregates, all in PostgreSQL schema `big`. */
export function bigSet(tables: number): SchemaSet {
  return schemaSet(
    'big',
    Array.from({ length: tables }, (_, at) => tableWithAggregates(`big.metric_${at + 1}`)).flat(),
  );
}

function tableWithAggregates(name: string) {
  const table = hypertable(name, {
    columns: { at: timestamptz().notNull(), device: text().notNull(), value: float8(), other: float8() },
    time: 'at',
    chunkInterval: '1 day',
    indexes: [index('device', desc('at'))],
    columnstore: { segmentBy: ['device'], orderBy: [desc('at')], after: '7 days' },
    retention: '90 days',
  });
  const hourly = continuousAggregate(`${name}_hourly`, {
    from: table,
    bucket: '1 hour',
    groupBy: ['device'],
    select: {
      avg_value: avg('value'),
      sum_value: sum('value'),
      count_value: count('value'),
      low: min('other'),
      high: max('other'),
    },
    realTime: true,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  });
  const daily = continuousAggregate(`${name}_daily`, {
    from: hourly,
    bucket: '1 day',
    groupBy: ['device'],
    select: { avg_value: weightedAvg('sum_value', 'count_value'), rows: total('count_value') },
    realTime: true,
    refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
    retention: '1 year',
  });
  return [table, hourly, daily] as const;
}
