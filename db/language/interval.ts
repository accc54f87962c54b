// PostgreSQL intervals as data. Months, days and microseconds stay apart: a month has no fixed number of days.
import { UsageError } from '../core/errors';
import { counted } from '../core/quantities';

type Unit = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** A length of time as a schema file writes it, e.g. `'1 day'` or `'90 days'`. */
export type Duration = `${number} ${Unit}` | `${number} ${Unit}s`;

/** What PostgreSQL stores for an interval: three whole numbers that cannot be converted into each other. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly microseconds: number;
}

const MICROSECONDS_PER_DAY = 86_400_000_000;

const UNITS: Readonly<Record<Unit, Interval>> = {
  microsecond: { months: 0, days: 0, microseconds: 1 },
  millisecond: { months: 0, days: 0, microseconds: 1_000 },
  second: { months: 0, days: 0, microseconds: 1_000_000 },
  minute: { months: 0, days: 0, microseconds: 60_000_000 },
  hour: { months: 0, days: 0, microseconds: 3_600_000_000 },
  day: { months: 0, days: 1, microseconds: 0 },
  week: { months: 0, days: 7, microseconds: 0 },
  month: { months: 1, days: 0, microseconds: 0 },
  year: { months: 12, days: 0, microseconds: 0 },
};

/**
 * Reads a declared duration.
 * @throws UsageError when the text is not `<number> <unit>`, is not above zero, or has a fraction that the unit cannot hold.
 */
export function parseDuration(text: string): Interval {
  const match = /^(\d+(?:\.\d+)?) ([a-z]+?)s?$/.exec(text.trim());
  const unit = match ? UNITS[match[2] as Unit] : undefined;
  if (!match || !unit) {
    throw new UsageError(
      `"${text}" is not a duration; write a number and a unit, e.g. "1 day", "90 days" (units: ${Object.keys(UNITS).join(', ')})`,
    );
  }
  const interval = scale(unit, Number(match[1]));
  if (!Object.values(interval).every(Number.isInteger)) {
    throw new UsageError(
      `"${text}" does not come out even; use a smaller unit, e.g. "36 hours" instead of "1.5 days"`,
    );
  }
  if (approximateMicroseconds(interval) <= 0) throw new UsageError(`"${text}" must be longer than zero`);
  return interval;
}

/** Reads PostgreSQL's `intervalstyle = iso_8601` output, e.g. `P1Y2M3DT4H5M6.7S`, `P-1D`, `PT0S`. */
export function parseIsoInterval(text: string): Interval {
  const match =
    /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?$/.exec(
      text,
    );
  if (!match) throw new Error(`not an ISO 8601 interval: "${text}"; is intervalstyle set to iso_8601?`);
  const [years, months, weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number, number];
  return {
    months: years * 12 + months,
    days: weeks * 7 + days,
    microseconds: Math.round(((hours * 60 + minutes) * 60 + seconds) * 1_000_000),
  };
}

/** Whether two intervals are stored as the same value; `1 day` and `24 hours` are not. */
export function sameInterval(a: Interval, b: Interval): boolean {
  return a.months === b.months && a.days === b.days && a.microseconds === b.microseconds;
}

/**
 * The length in microseconds. A month counts as 30 days, as in TimescaleDB's chunk intervals, so the length of an interval with
 * months is only good for comparing it.
 */
export function approximateMicroseconds(interval: Interval): number {
  return (interval.months * 30 + interval.days) * MICROSECONDS_PER_DAY + interval.microseconds;
}

/** The length of a declared duration in microseconds, see `approximateMicroseconds`: enough to tell which of two is longer. */
export const lengthOf = (duration: string): number => approximateMicroseconds(parseDuration(duration));

/** `{days: 90}` as `90 days`: text that people read and PostgreSQL accepts. */
export function formatInterval(interval: Interval): string {
  const years = Math.trunc(interval.months / 12);
  const hours = Math.trunc(interval.microseconds / 3_600_000_000);
  const minutes = Math.trunc((interval.microseconds % 3_600_000_000) / 60_000_000);
  const seconds = (interval.microseconds % 60_000_000) / 1_000_000;
  const parts: ReadonlyArray<readonly [number, string]> = [
    [years, 'year'],
    [interval.months - years * 12, 'month'],
    [interval.days, 'day'],
    [hours, 'hour'],
    [minutes, 'minute'],
    [seconds, 'second'],
  ];
  const text = parts.filter(([count]) => count !== 0).map(([count, unit]) => counted(count, unit));
  return text.length === 0 ? '0 seconds' : text.join(' ');
}

function scale(unit: Interval, factor: number): Interval {
  return { months: unit.months * factor, days: unit.days * factor, microseconds: unit.microseconds * factor };
}
