import { access } from '../schema/access';
import { schemaSets } from '../schema/sets';
import { continuousAggregate } from './aggregate';
import { float8, text, timestamptz } from './columns';
import { describePlacement, missingIn, placementOf } from './distribution';
import { count } from './expressions';
import { hypertable } from './hypertable';
import { uniqueIndex } from './indexes';
import { nameOf } from './names';
import { table } from './table';

const columns = {
  time: timestamptz().notNull(),
  site: text().notNull(),
  sensor: text().notNull(),
  value: float8(),
};
const plain = { columns, time: 'time', chunkInterval: '1 day' } as const;
const columnstore = { segmentBy: ['site', 'sensor'], orderBy: [], after: '7 days' } as const;
const reading = (more = {}) => hypertable('reading', { ...plain, ...more });
const counted = (from: ReturnType<typeof reading>, groupBy: readonly ('site' | 'sensor')[]) =>
  continuousAggregate('hourly', {
    from,
    bucket: '1 hour',
    groupBy,
    select: { n: count() },
    realTime: false,
    refresh: { startOffset: '3 hours', endOffset: '1 hour', every: '1 hour' },
  });

describe('placementOf', () => {
  it.each([
    [
      'the declared column',
      { distributeBy: 'sensor', columnstore, hash: { by: 'site', count: 2 } },
      'sensor',
    ],
    ['the column of the hash', { columnstore, hash: { by: 'sensor', count: 2 } }, 'sensor'],
    ['the first segment', { columnstore }, 'site'],
    [
      'the first segment that unique keys have',
      { columnstore, indexes: [uniqueIndex('sensor', 'time')] },
      'sensor',
    ],
  ] as const)('distributes a hypertable by %s', (_what, more, by) =>
    expect(placementOf(reading(more))).toEqual({ kind: 'distributed', by }),
  );

  it('leaves a hypertable on the coordinator that has no such column', () => {
    expect(placementOf(reading())).toEqual({ kind: 'coordinator' });
    expect(placementOf(reading({ columnstore, indexes: [uniqueIndex('time', 'value')] }))).toEqual({
      kind: 'coordinator',
    });
  });

  it('keeps buckets with their rows where they are grouped by the same column', () => {
    const from = reading({ columnstore });
    expect(placementOf(counted(from, ['sensor', 'site']))).toEqual({
      kind: 'distributed',
      by: 'site',
      colocatedWith: from,
    });
    expect(placementOf(counted(from, ['sensor']))).toEqual({ kind: 'distributed', by: 'sensor' });
    expect(placementOf(counted(from, []))).toEqual({ kind: 'coordinator' });
    expect(placementOf(counted(reading(), ['sensor']))).toEqual({ kind: 'coordinator' });
  });

  it('copies ordinary tables to every node, except what is secret or stays', () => {
    const unit = { columns: { id: text().notNull() }, primaryKey: ['id'] } as const;
    const placed = (more = {}): string => describePlacement(placementOf(table('unit', { ...unit, ...more })));
    expect(placed()).toBe('on every node');
    expect(placed({ secret: true })).toBe('on the coordinator');
    expect(placed({ onCoordinator: true })).toBe('on the coordinator');
    expect(placed({ distributeBy: 'id' })).toBe('distributed by id');
  });

  it('distributes every hypertable of the declared sets', () => {
    const hypertables = Object.values(schemaSets)
      .filter((set) => set !== access)
      .flatMap(({ objects }) => objects)
      .flatMap((object) => (object.kind === 'hypertable' ? [object] : []));
    const left = hypertables.filter((one) => placementOf(one).kind !== 'distributed').map(nameOf);
    expect(left).toEqual([]);
    expect(hypertables.length).toBeGreaterThan(10);
  });
});

it('missingIn names the unique keys without a column', () => {
  const keyed = reading({ indexes: [uniqueIndex('sensor', 'time'), uniqueIndex('site', 'time')] });
  expect(missingIn(keyed, 'sensor')).toEqual(['site, time']);
  expect(missingIn(keyed, 'time')).toEqual([]);
});
