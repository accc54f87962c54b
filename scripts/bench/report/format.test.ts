import { bytes, compareSpeed, machineLine, middleOf, number, rangeOf, spreadOf, withUnit } from './format';

const measured = { unit: 'ms', runs: 7, median: 12.34, min: 11, q1: 12, q3: 13, max: 1_400 } as const;

it.each([
  [0, '0'],
  [0.01234, '0.0123'],
  [0.5, '0.500'],
  [1.2345, '1.23'],
  [12.345, '12.3'],
  [123.45, '123'],
  [1234567, '1,234,567'],
  [-12.345, '-12.3'],
])('writes %d as %s', (value, text) => expect(number(value)).toBe(text));

it('puts a space before a unit, and none before ×', () => {
  expect(withUnit(1.5, 'rows/s')).toBe('1.50 rows/s');
  expect(withUnit(54.12, '×')).toBe('54.1×');
});

it('writes a spread with its unit', () => {
  expect(middleOf(measured)).toBe('12.0–13.0 ms');
  expect(rangeOf(measured)).toBe('11.0–1,400 ms');
  expect(spreadOf(measured)).toEqual(['12.3 ms', '12.0–13.0 (11.0–1,400)']);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_500, '1.50 kB'],
  [25_200_000_000, '25.2 GB'],
])('writes %d bytes as %s', (count, text) => expect(bytes(count)).toBe(text));

it.each([
  [65.64, '65.6× faster'],
  [1.01, '1.01× faster'],
  [1, 'as fast'],
  [0.999, 'as fast'],
  [0.6, '1.67× slower'],
  [0.01, '100× slower'],
])('says that a ratio of %d is %s', (ratio, text) => expect(compareSpeed(ratio)).toBe(text));

it('says one core of one', () => {
  const machine = { cpu: 'A', cores: 1, memoryBytes: 2e9, os: 'Linux', node: '24.1.0' };
  expect(machineLine(machine)).toBe('A (1 core), 2.00 GB memory, Linux, Node.js 24.1.0');
});
