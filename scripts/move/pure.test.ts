// The parts of a move that need no server: how slices become ranges, and what the triggers write.
import { triggersOf } from './capture';
import { within } from './digest';
import type { Moved } from './model';
import { joinSlices } from './parts';
import { compareTimes, joinChanged } from './rounds';
import { placeOf } from './target-address';

const at = (hour: number): string => `2026-01-01 ${String(hour).padStart(2, '0')}:00:00+00`;
const slice = (hour: number, rows: number) => ({ from: at(hour), to: at(hour + 1), rows });
const changed = (from: number, to: number, compareFirst = false) => ({
  from: at(from),
  to: at(to),
  compareFirst,
});
const INFINITE = { from: 'infinity', to: 'infinity' };

const moved: Moved = {
  number: 3,
  name: 'public.x',
  kind: 'ranges',
  source: '"public"."x"',
  target: '"public"."x"',
  columns: ['time', 'v'],
  time: 'time',
  width: 3_600_000_000,
  key: [],
  isReferenced: false,
};

describe('joinSlices', () => {
  it('joins neighbours up to the number of rows, and leaves gaps and infinities alone', () => {
    expect(
      joinSlices([slice(0, 4), slice(1, 5), slice(2, 3), slice(5, 1), { ...INFINITE, rows: 2 }], 10),
    ).toEqual([{ from: at(0), to: at(2), rows: 9 }, slice(2, 3), slice(5, 1), { ...INFINITE, rows: 2 }]);
  });

  it('keeps a slice that alone has more rows', () => {
    expect(joinSlices([slice(0, 40), slice(1, 1)], 10)).toEqual([slice(0, 40), slice(1, 1)]);
  });
});

describe('joinChanged', () => {
  it('joins what touches or overlaps, so that no row is copied twice at the same time', () => {
    expect(joinChanged([changed(0, 1), changed(1, 2), changed(1, 4), changed(3, 5), changed(7, 8)])).toEqual([
      changed(0, 5),
      changed(7, 8),
    ]);
  });

  it('compares first only where nothing but the files of chunks has changed', () => {
    expect(joinChanged([changed(0, 24 - 1, true)])).toEqual([changed(0, 23, true)]);
    expect(joinChanged([changed(0, 10, true), changed(4, 5)])).toEqual([changed(0, 10)]);
    expect(joinChanged([changed(0, 4, true), changed(4, 5)])).toEqual([changed(0, 4, true), changed(4, 5)]);
  });

  it('leaves rows at an infinity alone', () => {
    const infinite = { ...INFINITE, compareFirst: false };
    expect(joinChanged([changed(0, 1), infinite])).toEqual([changed(0, 1), infinite]);
  });
});

describe('compareTimes', () => {
  it.each([
    ['-infinity', '0044-03-15 00:00:00+00 BC', -1],
    ['0044-03-15 00:00:00+00 BC', '0001-01-01 00:00:00+00', -1],
    ['9999-01-01 00:00:00+00', '10000-01-01 00:00:00+00', -1],
    ['2026-01-01 00:00:00.000001+00', '2026-01-01 00:00:00+00', 1],
    ['2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 0],
    ['infinity', '2026-01-01 00:00:00+00', 1],
  ])('%s and %s: %i', (a, b, order) => {
    expect(compareTimes(a, b)).toBe(order);
    expect(compareTimes(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it('refuses what is not in UTC', () => {
    expect(() => compareTimes('2026-01-01 00:00:00+01', at(0))).toThrow('not a time');
  });
});

describe('within', () => {
  it('has an exclusive end, takes the rows at an infinity, and everything', () => {
    expect(within(moved, { from: at(0), to: at(1) })).toBe(
      `"time" >= '${at(0)}'::timestamptz AND "time" < '${at(1)}'::timestamptz`,
    );
    expect(within(moved, INFINITE)).toBe(`"time" = 'infinity'::timestamptz`);
    expect(within(moved, { from: '-infinity', to: 'infinity' })).toBe('true');
    expect(within({ ...moved, kind: 'keys' }, { from: at(0), to: at(1) })).toBe('true');
  });
});

describe('triggersOf', () => {
  it('marks a slice between commas, so that no slice is taken for the end of another', () => {
    const [slices] = triggersOf(moved);
    expect(slices).toContain(`'',''  || extract(epoch FROM slice)::text || '',''`.replace('  ', ' '));
  });

  it('notes the keys of plain tables', () => {
    const [keys] = triggersOf({ ...moved, kind: 'keys', key: ['a', 'b'], width: 0, time: '' });
    expect(keys).toContain("jsonb_build_object(''a'', OLD.\"a\", ''b'', OLD.\"b\")");
  });
});

describe('placeOf', () => {
  it('never shows who connects', () => {
    expect(placeOf('postgres://me:secret@db.example:5433/x')).toBe('db.example:5433/x');
    expect(() => placeOf('db.example')).toThrow('--to must be an address');
  });
});
