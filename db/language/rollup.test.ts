import { UsageError } from '../core/errors';
import { continuousAggregate } from './aggregate';
import { aggregateQuery } from './aggregate-sql';
import { bigint, float8, integer, text, timestamptz } from './columns';
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
} from './expressions';
import { hypertable } from './hypertable';
import { rollup } from './rollup';

const table = hypertable('reading', {
  columns: {
    time: timestamptz().notNull(),
    sensor: text().notNull(),
    value: float8(),
    code: integer(),
    size: bigint(),
  },
  time: 'time',
  chunkInterval: '1 day',
});
const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;

type Select = Readonly<Record<string, Expression<'time' | 'sensor' | 'value' | 'code' | 'size'>>>;
const hours = <S extends Select>(select: S, realTime = true) =>
  continuousAggregate('hourly', {
    from: table,
    bucket: '1 hour',
    groupBy: ['sensor'],
    select,
    realTime,
    refresh,
  });

const days = (select: Select) => rollup('daily', { from: hours(select), bucket: '1 day', refresh });

describe('rollup', () => {
  it.each<[string, Select, Expression]>([
    ['rows', { x: count() }, total('x')],
    ['values', { x: count('value') }, total('x')],
    ['a sum of floats', { x: sum('value') }, sum('x')],
    ['a sum that is numeric', { x: sum('size') }, sum('x')],
    ['a sum that is a bigint', { x: sum('code') }, total('x')],
    ['a minimum', { x: min('value') }, min('x')],
    ['a maximum', { x: max('value') }, max('x')],
    ['a first value', { x: first('value', 'time') }, first('x', 'bucket')],
    ['a last value', { x: last('value', 'time') }, last('x', 'bucket')],
    ['rows that meet a condition', { x: filter(count(), where('code', '>', 4)) }, total('x')],
    ['a sum with a condition', { x: filter(sum('value'), where('code', '>', 4)) }, sum('x')],
    ['an average', { x: avg('value'), n: count('value'), s: sum('value') }, weightedAvg('s', 'n')],
    [
      'an average of two sums',
      { x: weightedAvg('value', 'size'), s: sum('value'), n: sum('size') },
      weightedAvg('s', 'n'),
    ],
    [
      'an average with a condition',
      {
        x: filter(avg('value'), where('code', '>', 4)),
        all: sum('value'),
        s: filter(sum('value'), where('code', '>', 4)),
        n: filter(count('value'), where('code', '>', 4)),
      },
      weightedAvg('s', 'n'),
    ],
  ])('combines %s', (_, select, expected) => {
    const daily = days(select);
    expect(daily.select.x).toEqual(expected);
    expect(daily.columnNames).toEqual(['bucket', 'sensor', ...Object.keys(select)]);
  });

  it('combines again what it combined', () => {
    const daily = days({ avg: avg('value'), s: sum('value'), n: count('value'), low: min('value') });
    const monthly = rollup('monthly', { from: daily, bucket: '1 month', refresh });
    expect(monthly.select).toEqual(daily.select);
    expect(aggregateQuery(monthly)).toBe(
      'SELECT public.time_bucket(INTERVAL \'1 month\', "bucket") AS "bucket", "sensor", ' +
        'sum("s") / nullif(sum("n"), 0)::double precision AS "avg", sum("s") AS "s", sum("n")::bigint AS "n", min("low") AS "low" ' +
        'FROM "public"."daily" GROUP BY 1, 2',
    );
  });

  it('takes groups and the real-time flag from the finer aggregate, and everything else as declared', () => {
    const finer = hours({ rows: count(), high: max('value') }, false);
    const declared = rollup('d', {
      from: finer,
      bucket: '1 day',
      columns: ['high'],
      refresh,
      retention: '1 year',
    });
    expect(declared).toEqual(
      continuousAggregate('d', {
        from: finer,
        bucket: '1 day',
        groupBy: ['sensor'],
        select: { high: max('high') },
        realTime: false,
        refresh,
        retention: '1 year',
      }),
    );
  });

  const general =
    'its value for many buckets does not follow from its values for each; compute it from the raw table';
  const exact = 'an average is only exact with its sum and count; add';
  it.each<[string, Select, string]>([
    ['a percentile', { x: percentile(0.95, 'value') }, general],
    ['a number of different values', { x: countDistinct('code') }, general],
    ['a deviation', { x: stddev('value') }, general],
    ['a difference', { x: minus(max('value'), min('value')) }, general],
    ['free SQL', { x: sql('max(value)') }, general],
    ['a first value by another column', { x: first('value', 'code') }, general],
    ['a first value with a condition', { x: filter(first('value', 'time'), where('code', '>', 4)) }, general],
    [
      'an average without its sum',
      { x: avg('value'), n: count('value') },
      `${exact} sum('value') and count('value')`,
    ],
    ['an average with a count of rows', { x: avg('value'), s: sum('value'), n: count() }, exact],
    [
      'an average with a condition and sums without',
      { x: filter(avg('value'), where('code', '>', 4)), s: sum('value'), n: count('value') },
      exact,
    ],
    ['a ratio without its sums', { x: weightedAvg('value', 'size') }, `${exact} the sums of value and size`],
  ])('refuses %s and says what to do', (_, select, why) => {
    const declare = () => days(select);
    expect(declare).toThrow(UsageError);
    expect(declare).toThrow(`daily: rollup() cannot combine column x of public.hourly: ${why}`);
    expect(declare).toThrow('or name only the other columns in `columns`');
  });
});
