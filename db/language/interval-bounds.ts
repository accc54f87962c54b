// How short and how long an interval can be: months differ in length, so an interval with months has two bounds.
import { type Duration, type Interval, parseDuration } from './interval';

/** Lengths in microseconds; equal where the interval has no months. */
export interface LengthBounds {
  readonly shortest: number;
  readonly longest: number;
}

const MICROSECONDS_PER_DAY = 86_400_000_000;

// The Gregorian calendar repeats after 400 years.
const CYCLE_MONTHS = 4_800;
const CYCLE_DAYS = 146_097;

/** The bounds of an interval, over every place in the calendar at which it can lie. */
export function lengthBounds({ months, days, microseconds }: Interval): LengthBounds {
  const fixed = days * MICROSECONDS_PER_DAY + microseconds;
  const { fewest, most } = daysIn(Math.abs(months));
  const [shortest, longest] = months < 0 ? [-most, -fewest] : [fewest, most];
  return {
    shortest: shortest * MICROSECONDS_PER_DAY + fixed,
    longest: longest * MICROSECONDS_PER_DAY + fixed,
  };
}

/**
 * The bounds of `length` minus all of `others`, counted back from the same moment. Months cancel months, so a length equals the
 * sum of its parts although nobody knows how many days it has: `5 months` minus `4 months` and `1 month` is exactly zero.
 */
export function remainder(length: Duration, ...others: readonly Duration[]): LengthBounds {
  return lengthBounds(remainderOf(length, ...others));
}

/** The same as an interval, with parts that may be negative. */
export function remainderOf(length: Duration, ...others: readonly Duration[]): Interval {
  return others.map(parseDuration).reduce(
    (left, other) => ({
      months: left.months - other.months,
      days: left.days - other.days,
      microseconds: left.microseconds - other.microseconds,
    }),
    parseDuration(length),
  );
}

/** The fewest and the most days that so many consecutive months have, e.g. 28 and 31 for one, 120 and 123 for four. */
export function daysIn(months: number): DayBounds {
  const cycles = Math.floor(months / CYCLE_MONTHS);
  const { fewest, most } = withinCycle(months % CYCLE_MONTHS);
  return { fewest: fewest + cycles * CYCLE_DAYS, most: most + cycles * CYCLE_DAYS };
}

interface DayBounds {
  readonly fewest: number;
  readonly most: number;
}

const known = new Map<number, DayBounds>([[0, { fewest: 0, most: 0 }]]);

function withinCycle(months: number): DayBounds {
  const before = known.get(months);
  if (before !== undefined) return before;
  let [fewest, most] = [CYCLE_DAYS, 0];
  for (let start = 0; start < CYCLE_MONTHS; start += 1) {
    const days = dayOf(start + months) - dayOf(start);
    fewest = Math.min(fewest, days);
    most = Math.max(most, days);
  }
  known.set(months, { fewest, most });
  return { fewest, most };
}

// The number of the first day of a month that is counted from January 2000.
const dayOf = (month: number): number => Date.UTC(2000, month, 1) / 86_400_000;
