// A hierarchy for tests of changed aggregates: raw rows → hourly → daily, with room to vary each query.
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { avg, count, max, min, sum, total } from '../language/expressions';
import { type Hypertable, hypertable } from '../language/hypertable';
import { desc } from '../language/indexes';
import type { Duration } from '../language/interval';
import { type SchemaSet, schemaSet } from '../language/schema-set';

export interface Works {
  /** Columns of the hourly aggregate, in order. */
  readonly hourly?: readonly (keyof typeof FIGURES)[];
  readonly bucket?: Duration;
  readonly groupBy?: readonly ('device' | 'site')[];
  readonly realTime?: boolean;
  /** Adds a daily aggregate over the hourly one, or over the raw rows. */
  readonly daily?: 'over hourly' | 'over raw';
  /** Adds a column to the daily aggregate that only exists when the hourly one has `peak`. */
  readonly dailyPeak?: boolean;
  readonly retention?: Duration;
  /** Adds a column to the table, and its maximum to the hourly aggregate. */
  readonly extra?: boolean;
  /** Converts old chunks of the hourly aggregate. */
  readonly columnstore?: boolean;
}

const FIGURES = {
  readings: count(),
  total_value: sum('value'),
  mean: avg('value'),
  peak: max('value'),
  low: min('value'),
  // The same name, another expression.
  changed: { ...max('value') },
} as const;

type Raw = Hypertable<'at' | 'device' | 'site' | 'value'>;

/** Table `works.reading`. */
export function readings({ retention, extra }: Works = {}): Raw {
  const columns = { at: timestamptz().notNull(), device: text().notNull(), site: text(), value: float8() };
  return hypertable('works.reading', {
    columns: extra ? ({ ...columns, extra: float8() } as typeof columns) : columns,
    time: 'at',
    chunkInterval: '1 day',
    ...(retention ? { retention } : {}),
  });
}

/** `works.hourly`, and `works.daily` where asked for. */
export function works(variation: Works = {}): SchemaSet {
  const raw = readings(variation);
  const names = variation.hourly ?? ['readings', 'total_value'];
  const hourly: ContinuousAggregate = continuousAggregate('works.hourly', {
    from: raw,
    bucket: variation.bucket ?? '1 hour',
    groupBy: variation.groupBy ?? ['device'],
    select: Object.fromEntries([
      ...names.map((name) => [name === 'changed' ? 'total_value' : name, FIGURES[name]] as const),
      ...(variation.extra ? [['most_extra', max('extra') as never] as const] : []),
    ]),
    realTime: variation.realTime ?? true,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
    retention: '1 year',
    ...(variation.columnstore
      ? { columnstore: { segmentBy: ['device'], orderBy: [desc('bucket')], after: '30 days' } as const }
      : {}),
  });
  if (variation.daily === undefined) return schemaSet('works', [raw, hourly]);
  const refresh = { startOffset: '7 days', endOffset: '1 day', every: '1 day' } as const;
  const common = { bucket: '1 day', groupBy: ['device'], realTime: true, refresh } as const;
  const overHourly = {
    readings: total('readings'),
    ...(variation.dailyPeak ? { peak: max('peak') } : {}),
  };
  const daily: ContinuousAggregate =
    variation.daily === 'over raw'
      ? continuousAggregate('works.daily', { ...common, from: raw, select: { readings: count() } })
      : continuousAggregate('works.daily', {
          ...common,
          from: hourly as ContinuousAggregate<'device' | 'readings' | 'peak'>,
          select: overHourly,
        });
  return schemaSet('works', [raw, hourly, daily]);
}
