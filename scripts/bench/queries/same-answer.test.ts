import { requireSame } from './same-answer';

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
const KEYS = ['bucket', 'sensor'];
const rows = [
  { bucket: at(0), sensor: 'a', average: 20.5, count: '60' },
  { bucket: at(0), sensor: 'b', average: 0.1 + 0.2, count: '60' },
  { bucket: at(1), sensor: 'a', average: null, count: '0' },
];
const changed = (which: number, change: object) =>
  rows.map((row, index) => (index === which ? { ...row, ...change } : row));

it('takes the same rows in another order, and sums that differ in the last digits', () => {
  expect(requireSame('case', rows, rows, KEYS)).toBe(0);
  const largest = requireSame('case', rows, changed(1, { average: 0.3 }).reverse(), KEYS);
  expect(largest).toBeGreaterThan(0);
  expect(largest).toBeLessThan(1e-15);
});

it.each([
  ['a figure', changed(0, { average: 20.5001 }), /average of 2026-01-01T00:00:00.000Z a is 20.5 .* 20.5001/],
  ['a count', changed(0, { count: '61' }), /count of .* is 60 .* 61/],
  ['a figure that is missing', changed(0, { average: null }), /average/],
  ['a figure that should be missing', changed(2, { average: 0 }), /average of .* is null/],
  ['a bucket', changed(2, { bucket: at(2) }), /bucket of/],
  ['a sensor', changed(1, { sensor: 'c' }), /sensor of/],
  ['a row less', rows.slice(1), /3 rows from the raw rows, 2 from the aggregate/],
])('refuses another answer: %s', (_, other, message) => {
  expect(() => requireSame('case', rows, other, KEYS)).toThrow(message);
});

it('refuses two empty answers', () => {
  expect(() => requireSame('case', [], [], KEYS)).toThrow(/nothing to compare/);
});
