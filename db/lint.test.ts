// Each rule has a declaration that passes and one that breaks this rule and no other.
import { float8, text, timestamptz } from './columns';
import {
  type ContinuousAggregate,
  continuousAggregate,
  desc,
  type Hypertable,
  hypertable,
  type SchemaSet,
  schemaSet,
} from './define';
import { desiredFrom } from './desired';
import { avg, count, sum, weightedAvg } from './expressions';
import type { Duration } from './interval';
import { lint, lintRules } from './lint';
import { schemaSets } from './schema/sets';

const columns = { time: timestamptz().notNull(), sensor: text().notNull(), value: float8() };

const table = (retention?: Duration): Hypertable<keyof typeof columns> =>
  hypertable('reading', {
    columns,
    time: 'time',
    chunkInterval: '1 day',
    ...(retention ? { retention } : {}),
  });

const aggregate = (
  from: Hypertable<keyof typeof columns>,
  bucket: Duration,
  startOffset: Duration,
  endOffset: Duration = '1 hour',
): ContinuousAggregate<'bucket' | 'sensor' | 'mean' | 'total' | 'n'> =>
  continuousAggregate('fine', {
    from,
    bucket,
    groupBy: ['sensor'],
    select: { mean: avg('value'), total: sum('value'), n: count('value') },
    realTime: true,
    refresh: { startOffset, endOffset, every: '1 hour' },
  });

function coarse(
  from: ReturnType<typeof aggregate>,
  bucket: Duration,
  select: Parameters<typeof continuousAggregate>[1]['select'],
): ContinuousAggregate {
  return continuousAggregate('coarse', {
    from,
    bucket,
    groupBy: [],
    select: select as Record<string, ReturnType<typeof avg<'mean'>>>,
    realTime: true,
    refresh: { startOffset: '1 year', endOffset: '1 hour', every: '1 day' },
  });
}

const set = (...objects: SchemaSet['objects']): SchemaSet => schemaSet('test', objects);
const kept = table('90 days');
const hourly = aggregate(kept, '1 hour', '3 days');
const fixtures: Readonly<Record<string, { passing: SchemaSet; failing: SchemaSet }>> = {
  TS001: {
    passing: set(kept, hourly),
    failing: set(table('2 days'), aggregate(table('2 days'), '1 hour', '3 days')),
  },
  TS002: {
    passing: set(kept, aggregate(kept, '1 hour', '3 hours')),
    failing: set(kept, aggregate(kept, '1 hour', '2 hours')),
  },
  TS003: {
    passing: set(kept, hourly, coarse(hourly, '1 month', { x: weightedAvg('total', 'n') })),
    failing: set(kept, hourly, coarse(hourly, '90 minutes', { x: weightedAvg('total', 'n') })),
  },
  TS004: {
    passing: set(
      hypertable('a', {
        columns,
        time: 'time',
        chunkInterval: '1 day',
        columnstore: { segmentBy: ['sensor'], orderBy: [desc('time')], after: '7 days' },
      }),
    ),
    failing: set(
      hypertable('a', {
        columns,
        time: 'time',
        chunkInterval: '1 day',
        columnstore: { segmentBy: ['sensor'], orderBy: [desc('sensor')], after: '7 days' },
      }),
    ),
  },
  TS005: {
    passing: set(kept, hourly, coarse(hourly, '1 day', { x: weightedAvg('total', 'n') })),
    failing: set(kept, hourly, coarse(hourly, '1 day', { x: avg('mean') })),
  },
};

// A failing set names its own source object, which TS001's table must be.
const sourceOf = ({ objects }: SchemaSet): SchemaSet => {
  const last = objects.at(-1);
  return last?.kind === 'aggregate' && !objects.includes(last.from) ? set(last.from, last) : set(...objects);
};

describe('lint', () => {
  it('has fixtures for every rule', () =>
    expect(Object.keys(fixtures)).toEqual(lintRules.map(({ id }) => id)));

  it.each(Object.entries(fixtures))('%s passes and fails', (id, { passing, failing }) => {
    expect(lint(desiredFrom([sourceOf(passing)]))).toEqual([]);
    expect(lint(desiredFrom([sourceOf(failing)])).map(({ rule }) => rule)).toEqual([id]);
  });

  it.each(Object.entries(schemaSets))('finds nothing in the set %s', (_name, declared) =>
    expect(lint(desiredFrom([declared]))).toEqual([]),
  );

  it('wants more than two months of window for a bucket of a month', () => {
    const monthly = (window: Duration): SchemaSet => {
      const raw = table();
      return set(raw, aggregate(raw, '1 month', window));
    };
    expect(lint(desiredFrom([monthly('2 months')])).map(({ rule }) => rule)).toEqual(['TS002']);
    expect(lint(desiredFrom([monthly('3 months')]))).toEqual([]);
  });
});

describe('desiredFrom', () => {
  it('puts sources before what is built on them', () => {
    const daily = coarse(hourly, '1 day', { x: weightedAvg('total', 'n') });
    expect(desiredFrom([set(daily, hourly, kept)]).aggregates.map(({ name }) => name)).toEqual([
      'fine',
      'coarse',
    ]);
  });

  it('refuses a source that no set declares', () =>
    expect(() => desiredFrom([set(hourly)])).toThrow('no selected schema set declares'));

  it('refuses a name that is declared twice', () =>
    expect(() => desiredFrom([set(kept), set(table())])).toThrow('declared twice'));
});
