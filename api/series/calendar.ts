// Buckets and calendar arithmetic in UTC, as PostgreSQL and `time_bucket` do it. Instants are microseconds since 1970.
import type { Interval } from '../../db/language/interval';
import { floorDivide, instantOf } from '../http/time';

const DAY = 86_400_000_000n;
/** Buckets are counted from this Monday; buckets of months from the first of January before it. */
const ORIGIN = instantOf('2000-01-03T00:00:00Z');

/** Start of the bucket that holds the instant; what `time_bucket(width, at)` gives. */
export function bucketStart(width: Interval, at: bigint): bigint {
  if (width.months === 0) {
    const length = fixedLength(width);
    return ORIGIN + floorDivide(at - ORIGIN, length) * length;
  }
  const month = monthOf(at);
  return startOfMonth(Math.floor(month / width.months) * width.months);
}

/** Start of the `steps`th bucket after the one that starts at `start`. */
export function nextBucket(width: Interval, start: bigint, steps = 1): bigint {
  if (width.months === 0) return start + fixedLength(width) * BigInt(steps);
  return startOfMonth(monthOf(start) + width.months * steps);
}

/** The first start of a bucket that is not before the instant. */
export function bucketEnd(width: Interval, at: bigint): bigint {
  const start = bucketStart(width, at);
  return start === at ? at : nextBucket(width, start);
}

/** How many buckets contain a part of the range; `to` is exclusive. */
export function bucketCount(width: Interval, from: bigint, to: bigint): number {
  const [start, end] = [bucketStart(width, from), bucketEnd(width, to)];
  if (width.months === 0) return Number((end - start) / fixedLength(width));
  return (monthOf(end) - monthOf(start)) / width.months;
}

/** `at - interval` as PostgreSQL subtracts it: the 31st of March less a month is the last of February. */
export function before(at: bigint, { months, days, microseconds }: Interval): bigint {
  const fixed = BigInt(days) * DAY + BigInt(microseconds);
  if (months === 0) return at - fixed;
  const month = monthOf(at) - months;
  const start = startOfMonth(monthOf(at));
  const inMonth = at - start;
  const [first, length] = [startOfMonth(month), startOfMonth(month + 1) - startOfMonth(month)];
  const lastDay = length - DAY + (inMonth % DAY);
  return first + (inMonth < length ? inMonth : lastDay) - fixed;
}

/** Whether every bucket of the coarse width is made of whole buckets of the fine one. */
export function isWholeMultiple(coarse: Interval, fine: Interval): boolean {
  if (fine.months > 0) return coarse.months > 0 && coarse.months % fine.months === 0;
  // A month starts at midnight of any weekday: whole days fit into it, whole weeks do not.
  const length = coarse.months > 0 ? DAY : fixedLength(coarse);
  return length % fixedLength(fine) === 0n;
}

/** The length of a width without months, in microseconds. */
export const fixedLength = ({ days, microseconds }: Interval): bigint =>
  BigInt(days) * DAY + BigInt(microseconds);

/** How many of the fine widths make a coarse one of which they are a whole part; undefined when months differ in it. */
export function stepsIn(coarse: Interval, fine: Interval): bigint | undefined {
  if (coarse.months > 0 !== fine.months > 0) return undefined;
  return coarse.months > 0 ? BigInt(coarse.months / fine.months) : fixedLength(coarse) / fixedLength(fine);
}

/** Whether a width is shorter than a day of 24 hours. */
export const isShorterThanDay = (width: Interval): boolean => width.months === 0 && fixedLength(width) < DAY;

/** Months since January 2000. */
function monthOf(at: bigint): number {
  const date = new Date(Number(floorDivide(at, 1_000n)));
  return (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
}

function startOfMonth(month: number): bigint {
  // Date.UTC would read years below 100 as years of the last century.
  const date = new Date(0);
  date.setUTCFullYear(2000 + Math.floor(month / 12), ((month % 12) + 12) % 12, 1);
  return BigInt(date.getTime()) * 1_000n;
}
