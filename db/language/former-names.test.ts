// Former names of a declaration: which there are, in which order, and which are refused.
import { UsageError } from '../core/errors';
import { continuousAggregate } from './aggregate';
import { float8, text, timestamptz } from './columns';
import { desiredFrom } from './desired';
import { avg, count, sum } from './expressions';
import { formerNames } from './former-names';
import { hypertable } from './hypertable';
import { nameOf } from './names';
import { rollup } from './rollup';
import { schemaSet } from './schema-set';
import { table } from './table';

const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
const columns = {
  time: timestamptz().notNull(),
  sensor: text().renamedFrom('dev').notNull(),
  value: float8().renamedFrom('v'),
};
const spec = { columns, time: 'time', chunkInterval: '1 day' } as const;
const reading = hypertable('plant.reading', { ...spec, renamedFrom: 'metric' });
const aggregate = { from: reading, bucket: '1 hour', groupBy: ['sensor'], realTime: true, refresh } as const;

it('come from tables, their columns, and aggregates, and groups follow their source through all levels', () => {
  const hourly = continuousAggregate('plant.hourly', {
    ...aggregate,
    renamedFrom: 'plant.by_hour',
    select: { total: sum('value'), readings: count('value'), mean: avg('value') },
    columnsRenamedFrom: { total: 'sum_v', mean: 'avg_v' },
  });
  const daily = rollup('plant.daily', {
    from: hourly,
    bucket: '1 day',
    columns: ['total', 'readings'],
    refresh,
  });
  const unit = table('plant.unit', { columns: { id: text() }, primaryKey: ['id'], renamedFrom: 'device' });
  const found = formerNames(desiredFrom([schemaSet('plant', [daily, hourly, reading, unit])]));
  expect(found.map(({ of, object, from, to }) => `${of} ${nameOf(object)}: ${from} → ${to}`)).toEqual([
    'table plant.unit: device → unit',
    'table plant.reading: metric → reading',
    'column plant.reading: dev → sensor',
    'column plant.reading: v → value',
    'aggregate plant.hourly: by_hour → hourly',
    'aggregate-column plant.hourly: dev → sensor',
    'aggregate-column plant.hourly: sum_v → total',
    'aggregate-column plant.hourly: avg_v → mean',
    'aggregate-column plant.daily: dev → sensor',
    'aggregate-column plant.daily: sum_v → total',
  ]);
});

it('stay in the schema of the object', () => {
  expect(hypertable('plant.a', { ...spec, renamedFrom: 'plant.b' }).renamedFrom).toBe('b');
  expect(() => hypertable('plant.a', { ...spec, renamedFrom: 'public.b' })).toThrow(UsageError);
  expect(() => hypertable('plant.a', { ...spec, renamedFrom: 'B c' })).toThrow('not a usable name');
});

it('are checked by the compiler', () => {
  continuousAggregate('a', {
    ...aggregate,
    select: { total: sum('value') },
    // @ts-expect-error no such column
    columnsRenamedFrom: { totla: 'sum_v' },
  });
});
