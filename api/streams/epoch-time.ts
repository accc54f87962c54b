// Times that messages write as numbers.
import type { TimeUnit } from '../../db/language/stream';
import { epochTime } from '../ingest/points/line-protocol';

/**
 * A number since 1970 as a time in RFC 3339, exact to the microsecond; what is shorter is rounded down.
 * @param number its decimal text: `1795176000000`, `1795176000.25`, `1.795176e12`.
 * @returns undefined when the text is no number, or no time of the calendar.
 */
export function timeOfNumber(number: string, unit: TimeUnit): string | undefined {
  const ms = Number(number) * MILLISECONDS[unit];
  // The most usual ones: whole milliseconds from 1970 to 2255, which doubles count exactly.
  if (WHOLE.test(number) && ms < 9e12 && (unit === 's' || unit === 'ms')) return new Date(ms).toISOString();
  const whole = epochTime(number, unit);
  if (whole !== undefined) return whole;
  const [match, sign = '', digits = '', fraction = '', exponent = '0'] =
    /^(-?)(\d{1,40})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,4}))?$/.exec(number) ?? [];
  if (match === undefined) return undefined;
  // The same number in microseconds: its digits, with the point moved.
  const point = digits.length + Number(exponent) + DECIMALS[unit];
  if (point > LONGEST) return undefined;
  const all = digits + fraction;
  const microseconds = BigInt(all.slice(0, Math.max(0, point)).padEnd(point, '0') || '0');
  const isCut = point < 0 ? /[1-9]/.test(all) : /[1-9]/.test(all.slice(point));
  // Rounded down, also before 1970.
  const at = sign === '' ? microseconds : -microseconds - (isCut ? 1n : 0n);
  return epochTime(String(at), 'us');
}

const LONGEST = 40;

const WHOLE = /^\d+$/;

const MILLISECONDS: Readonly<Record<TimeUnit, number>> = { s: 1_000, ms: 1, us: 1e-3, ns: 1e-6 };

const DECIMALS: Readonly<Record<TimeUnit, number>> = { s: 6, ms: 3, us: 0, ns: -3 };
