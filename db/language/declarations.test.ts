// The compiler is part of the schema language: `npm run check:types` fails when one of these lines starts to compile.
import { continuousAggregate, type Relation } from './aggregate';
import { float8, text, timestamptz } from './columns';
import { avg, count, max, minus, sum, weightedAvg } from './expressions';
import { hypertable } from './hypertable';
import { desc, index } from './indexes';
import { nameOf } from './names';
import { rollup } from './rollup';

const columns = { time: timestamptz().notNull(), sensor: text().notNull(), value: float8() };
const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
const spec = { columns, time: 'time', chunkInterval: '1 day' } as const;
const table = hypertable('reading', { columns, time: 'time', chunkInterval: '1 day' });

const over = <R extends Relation>(from: R) =>
  ({ from, bucket: '1 day', groupBy: ['sensor'], realTime: true, refresh }) as const;

describe('column names', () => {
  it('are checked in every place of a hypertable', () => {
    // @ts-expect-error no such time column
    hypertable('a', { columns, time: 'tiem', chunkInterval: '1 day' });
    hypertable('a', {
      ...spec,
      // @ts-expect-error no such column in an index
      indexes: [index('snesor')],
    });
    hypertable('a', {
      ...spec,
      // @ts-expect-error no such column in a descending key
      indexes: [index('sensor', desc('tiem'))],
    });
    hypertable('a', {
      columns,
      time: 'time',
      chunkInterval: '1 day',
      // @ts-expect-error no such segment column
      columnstore: { segmentBy: ['snesor'], orderBy: [desc('time')], after: '7 days' },
    });
  });

  it('are checked in an aggregate, and in one built on it', () => {
    const hourly = continuousAggregate('h', {
      from: table,
      bucket: '1 hour',
      groupBy: ['sensor'],
      select: { avg_value: avg('value'), rows: count(), swing: minus(max('value'), avg('value')) },
      realTime: true,
      refresh,
    });
    continuousAggregate('a', {
      ...over(table),
      // @ts-expect-error no such column to average
      select: { x: avg('vlaue') },
    });
    continuousAggregate('a', {
      ...over(table),
      // @ts-expect-error no such column to group by
      groupBy: ['snesor'],
      select: { x: count() },
    });
    continuousAggregate('a', {
      ...over(hourly),
      // @ts-expect-error the raw column is not in the aggregate
      select: { x: max('value') },
    });
    continuousAggregate('a', {
      ...over(hourly),
      // @ts-expect-error no such carried count
      select: { x: weightedAvg('avg_value', 'cuont') },
    });
    expect(hourly.columnNames).toEqual(['bucket', 'sensor', 'avg_value', 'rows', 'swing']);
  });

  it('are checked in a rollup, and in what is built on it', () => {
    const hourly = continuousAggregate('h', {
      ...over(table),
      bucket: '1 hour',
      select: {
        avg_value: avg('value'),
        sum_value: sum('value'),
        count_value: count('value'),
        rows: count(),
      },
    });
    const daily = rollup('d', { from: hourly, bucket: '1 day', columns: ['avg_value', 'rows'], refresh });
    expect(daily.columnNames).toEqual(['bucket', 'sensor', 'avg_value', 'rows']);
    continuousAggregate('a', { ...over(daily), select: { x: max('rows') } });
    rollup('a', {
      ...over(daily),
      columns: ['rows'],
      columnstore: { segmentBy: ['sensor'], orderBy: [desc('bucket')], after: '30 days' },
    });
    // @ts-expect-error no such column
    expect(() => rollup('a', { ...over(hourly), columns: ['avg_vlaue'] })).toThrow('cannot combine');
    // @ts-expect-error a column that is grouped by comes by itself
    expect(() => rollup('a', { ...over(hourly), columns: ['sensor'] })).toThrow('cannot combine');
    // @ts-expect-error a column that the rollup left out
    continuousAggregate('a', { ...over(daily), select: { x: max('sum_value') } });
    rollup('a', {
      from: hourly,
      bucket: '1 day',
      columns: ['rows'],
      refresh,
      // @ts-expect-error no such segment column
      columnstore: { segmentBy: ['avg_value'], orderBy: [desc('bucket')], after: '30 days' },
    });
    // @ts-expect-error a hypertable has no buckets to combine
    expect(() => rollup('a', { from: table, bucket: '1 day', refresh })).toThrow();
  });

  it('come with durations that are checked too', () => {
    // @ts-expect-error not a unit
    expect(() => hypertable('a', { columns, time: 'time', chunkInterval: '1 dya' })).toThrow(
      '"1 dya" is not a duration',
    );
  });
});

describe('declared objects', () => {
  it('are frozen data', () => {
    expect(Object.isFrozen(table)).toBe(true);
    expect(JSON.parse(JSON.stringify(table))).toMatchObject({
      kind: 'hypertable',
      schema: 'public',
      name: 'reading',
      columns: {
        time: { type: 'timestamp with time zone', nullable: false },
        value: { type: 'double precision', nullable: true },
      },
    });
  });

  it('take a schema from their name', () => {
    expect(nameOf(hypertable('plant.reading', { columns, time: 'time', chunkInterval: '1 day' }))).toBe(
      'plant.reading',
    );
  });

  it.each(['Reading', 'a.b.c', 'x; drop table y', '1st', '', 'a'.repeat(64)])(
    'refuse the name "%s"',
    (name) => {
      expect(() => hypertable(name, { columns, time: 'time', chunkInterval: '1 day' })).toThrow(
        'is not a usable name',
      );
    },
  );
});
