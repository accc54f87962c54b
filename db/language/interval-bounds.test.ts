import type { Duration } from './interval';
import { parseDuration } from './interval';
import { daysIn, lengthBounds, remainder } from './interval-bounds';

const DAY = 86_400_000_000;
const inDays = ({ shortest, longest }: { shortest: number; longest: number }): readonly number[] => [
  shortest / DAY,
  longest / DAY,
];

describe('daysIn', () => {
  it.each([
    [0, 0, 0],
    [1, 28, 31],
    [2, 59, 62],
    [3, 89, 92],
    [4, 120, 123],
    [5, 150, 153],
    [6, 181, 184],
    [7, 212, 215],
    [8, 242, 245],
    [9, 273, 276],
    [10, 303, 306],
    [11, 334, 337],
    [12, 365, 366],
    [13, 393, 397],
    [24, 730, 731],
    // Eight years around 1900 or 2100 have only one leap year.
    [48, 1_460, 1_461],
    [96, 2_921, 2_922],
    [4_800, 146_097, 146_097],
    [9_601, 292_222, 292_225],
  ])('%i months have %i to %i days', (months, fewest, most) =>
    expect(daysIn(months)).toEqual({ fewest, most }),
  );
});

describe('lengthBounds', () => {
  it('is exact without months', () =>
    expect(inDays(lengthBounds(parseDuration('36 hours')))).toEqual([1.5, 1.5]));

  it('turns around what is negative', () =>
    expect(inDays(lengthBounds({ months: -1, days: 30, microseconds: 0 }))).toEqual([-1, 2]));
});

describe('remainder', () => {
  it.each<[Duration, Duration[], number, number]>([
    ['121 days', ['4 months'], -2, 1],
    ['123 days', ['4 months'], 0, 3],
    ['4 months', ['4 months'], 0, 0],
    ['5 months', ['4 months', '1 month'], 0, 0],
    ['1 year', ['11 months', '1 month'], 0, 0],
    ['1 year', ['365 days'], 0, 1],
    ['1 month', ['30 days'], -2, 1],
  ])('%s minus %j is %d to %d days', (length, others, shortest, longest) =>
    expect(inDays(remainder(length, ...others))).toEqual([shortest, longest]),
  );
});
