// For tests of renames: one set under its old names, and under its new ones with or without the hints.
import { continuousAggregate } from '../language/aggregate';
import { type ColumnBuilder, float8, integer, text, timestamptz } from '../language/columns';
import { avg, count, type Expression, filter, max, sql, sum, where } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index, partial, uniqueIndex } from '../language/indexes';
import { rollup } from '../language/rollup';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import type { EngineName } from '../model';

export type Names = 'old' | 'hinted' | 'new';

/**
 * Old → new: table `metric` → `reading` with `at` → `ts`, `dev` → `device`, `site` → `place`, `v` → `value`; its aggregates
 * `hourly` → `by_hour` with `total` → `total_value`, `daily` → `by_day`, and `peaks`, which is not real-time and keeps its name;
 * table `device` → `unit` with `id` → `code`.
 */
export function fleet(names: Names): SchemaSet {
  const [isOld, hinted] = [names === 'old', names === 'hinted'];
  const name = (old: string, present: string): string => `fleet.${isOld ? old : present}`;
  const former = (old: string): { renamedFrom?: string } => (hinted ? { renamedFrom: old } : {});
  // One name as a type, so that a declaration can use it: it stands for the old name where that is asked for.
  const as = <const C extends string>(old: string, present: C): C => (isOld ? (old as C) : present);
  const column = (old: string, builder: ColumnBuilder): ColumnBuilder =>
    hinted ? builder.renamedFrom(old) : builder;
  const [ts, device, place, value, code] = [
    as('at', 'ts'),
    as('dev', 'device'),
    as('site', 'place'),
    as('v', 'value'),
    as('id', 'code'),
  ];
  const byDevice = index(device, desc(ts));
  const reading = hypertable(name('metric', 'reading'), {
    ...former('metric'),
    columns: {
      [ts]: column('at', timestamptz().notNull()),
      [device]: column('dev', text().notNull()),
      [place]: column('site', integer()),
      [value]: column('v', float8()),
      note: text().default(`''`),
    } as Record<typeof ts | typeof device | typeof place | typeof value | 'note', ColumnBuilder>,
    time: ts,
    chunkInterval: '1 day',
    hash: { by: device, count: 2 },
    chunkSkipping: [place],
    indexes: [byDevice, uniqueIndex(device, ts, place), partial(index(value), `${value} > 100`)],
    reorder: byDevice,
    columnstore: {
      segmentBy: [device],
      orderBy: [desc(ts), { column: place, descending: false }],
      after: '40 days',
    },
    retention: '90 days',
  });
  const refresh = { startOffset: '10 days', endOffset: '1 hour', every: '1 hour' } as const;
  const total = as('total', 'total_value');
  const hourly = continuousAggregate(name('hourly', 'by_hour'), {
    ...former('hourly'),
    ...(hinted ? { columnsRenamedFrom: { total_value: 'total' } } : {}),
    from: reading,
    bucket: '1 hour',
    groupBy: [device],
    select: {
      mean: avg(value),
      [total]: sum(value),
      readings: count(value),
      high: filter(count(), where(value, '>', 700)),
    } as Record<'mean' | typeof total | 'readings' | 'high', Expression<typeof value>>,
    realTime: true,
    refresh,
    columnstore: { segmentBy: [device], orderBy: [desc('bucket')], after: '40 days' },
    retention: '1 year',
  });
  const daily = rollup(name('daily', 'by_day'), {
    ...former('daily'),
    from: hourly,
    bucket: '1 day',
    columns: [total, 'readings'],
    refresh: { startOffset: '30 days', endOffset: '1 day', every: '1 day' },
  });
  const peaks = continuousAggregate('fleet.peaks', {
    from: reading,
    bucket: '1 day',
    groupBy: [],
    select: { peak: max(value), spread: sql(`max(${value}) - min(${value})`) },
    realTime: false,
    refresh,
  });
  const unit = table(name('device', 'unit'), {
    ...former('device'),
    columns: {
      [code]: column('id', text().notNull()),
      label: text(),
    } as Record<typeof code | 'label', ColumnBuilder>,
    primaryKey: [code],
    indexes: [index('label')],
  });
  return schemaSet('fleet', [reading, hourly, daily, peaks, unit]);
}

/** Statements that insert 1440 readings of the last ten days by three devices, and refresh every aggregate. */
export const readings = (engine: EngineName): readonly string[] => [
  ...(engine !== 'timescaledb'
    ? [`SELECT tsdb.ensure_chunks('fleet', 'metric', now() - interval '11 days', now())`]
    : []),
  `INSERT INTO fleet.metric SELECT date_trunc('hour', now()) - n * interval '10 minutes', 'd' || n % 3, n % 5, n FROM generate_series(0, 1439) n`,
  `INSERT INTO fleet.device SELECT 'd' || n, 'device ' || n FROM generate_series(0, 2) n`,
  ...['hourly', 'daily', 'peaks'].map(
    (name) => `CALL public.refresh_continuous_aggregate('fleet.${name}'::regclass, NULL, NULL)`,
  ),
  ...(engine === 'timescaledb'
    ? [
        `SELECT count(public.compress_chunk(c)) FROM public.show_chunks('fleet.metric', older_than => now() - interval '3 days') c`,
        `SELECT count(public.compress_chunk(c)) FROM public.show_chunks('fleet.hourly') c`,
      ]
    : []),
];

/** The numbers that a rename must keep, under the old or the new names: of rows, stored buckets, chunks and policies. */
export function figuresSql(names: 'old' | 'new', engine: EngineName): string {
  const isOld = names === 'old';
  const as = (old: string, present: string): string => (isOld ? old : present);
  const raw = `fleet.${as('metric', 'reading')}`;
  const [hourly, daily] = [`fleet.${as('hourly', 'by_hour')}`, `fleet.${as('daily', 'by_day')}`];
  const [device, total] = [as('dev', 'device'), as('total', 'total_value')];
  const stored =
    engine !== 'timescaledb'
      ? `(SELECT format('%s %s', count(*), sum(readings)) FROM tsdb.fleet_${as('hourly', 'by_hour')})`
      : `(SELECT string_agg(format('%s %s', status, n), ', ' ORDER BY status) FROM (SELECT is_compressed AS status, count(*) AS n FROM timescaledb_information.chunks GROUP BY 1) k)`;
  const jobs =
    engine !== 'timescaledb'
      ? `(SELECT json_agg(json_build_array(job_id, kind, start_offset, end_offset, drop_after, schedule_interval, next_start) ORDER BY job_id) FROM tsdb.job)`
      : `(SELECT json_agg(json_build_array(job_id, proc_name, config, schedule_interval, scheduled) ORDER BY job_id) FROM timescaledb_information.jobs WHERE job_id >= 1000)`;
  return `SELECT
    (SELECT json_build_array(count(*), sum(${as('v', 'value')}), count(DISTINCT ${device}), sum(${as('site', 'place')}), min(${as('at', 'ts')}), max(${as('at', 'ts')})) FROM ${raw}) AS rows,
    (SELECT json_build_array(count(*), count(DISTINCT bucket), sum(${total}), sum(readings), sum(high), round(sum(mean)::numeric, 6), count(DISTINCT ${device})) FROM ${hourly}) AS hourly,
    (SELECT json_build_array(count(*), count(DISTINCT bucket), sum(${total}), sum(readings), count(DISTINCT ${device})) FROM ${daily}) AS daily,
    (SELECT json_build_array(count(*), sum(peak), sum(spread)) FROM fleet.peaks) AS peaks,
    (SELECT json_build_array(count(*), string_agg(${as('id', 'code')}, ',' ORDER BY ${as('id', 'code')})) FROM fleet.${as('device', 'unit')}) AS units,
    ${stored} AS stored, ${jobs} AS jobs,
    (SELECT json_build_array(obj_description(c.oid, 'pg_class'), c.relacl::text) FROM pg_class c WHERE c.oid = '${hourly}'::regclass) AS attached`;
}
