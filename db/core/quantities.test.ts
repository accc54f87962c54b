import { counted, describeImpact, shortBytes } from './quantities';

const KIB = 1024;

it('counts one thing and several', () =>
  expect([0, 1, 2].map((count) => counted(count, 'step'))).toEqual(['0 steps', '1 step', '2 steps']));

it('takes a plural that does not just end in -s', () => {
  expect(counted(1, 'entry', 'entries')).toBe('1 entry');
  expect(counted(2, 'entry', 'entries')).toBe('2 entries');
});

it.each([
  [{ chunks: 1, rows: 1, bytes: 0 }, '1 chunk, about 1 row, 0.0 KiB'],
  [{ chunks: 0, rows: 999, bytes: 8 * KIB }, '0 chunks, about 999 rows, 8.0 KiB'],
  [{ chunks: 12, rows: 1_200, bytes: 96.5 * KIB ** 2 }, '12 chunks, about 1.2 k rows, 96.5 MiB'],
  [{ chunks: 12, rows: 1_200_000, bytes: 2 * KIB ** 3 }, '12 chunks, about 1.2 M rows, 2.0 GiB'],
  [{ chunks: 12, rows: 3.4e9, bytes: 5 * KIB ** 4 }, '12 chunks, about 3.4 G rows, 5120.0 GiB'],
])('words %j', (impact, text) => {
  expect(describeImpact(impact)).toBe(text);
  expect(text).toContain(shortBytes(impact.bytes));
});
