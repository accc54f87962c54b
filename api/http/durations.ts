// Lengths of time as clients write them. Periods and widths differ in one unit: `m` is months in a period and minutes in a width.
import { approximateMicroseconds, type Interval, parseDuration } from '../../db/language/interval';
import { ProblemError } from './problems';

const UNITS = { h: 'hour', d: 'day', w: 'week', y: 'year' } as const;
const PERIOD_UNITS: Readonly<Record<string, string>> = { ...UNITS, m: 'month' };
const WIDTH_UNITS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(UNITS),
  ['s', 'second'],
  ['sec', 'second'],
  ['m', 'minute'],
  ['min', 'minute'],
  ['mo', 'month'],
]);
const WIDTH_WORDS = new Set(WIDTH_UNITS.values());

/** What `parsePeriod` accepts, for schemas. */
export const PERIOD_PATTERN = '^[1-9][0-9]{0,3}[hdwmy]$';

// The calendar of PostgreSQL starts in 4713 BC; `now() - 9999 years` would be an error. No row is older than this.
const MAX_YEARS = 4000;

/**
 * Reads a period and returns the PostgreSQL interval to bind: `3m` → `3 month`.
 * @throws ProblemError (bad-period) that names the allowed forms.
 */
export function parsePeriod(text: string): string {
  if (!new RegExp(PERIOD_PATTERN).test(text)) throw badPeriod(text);
  const count = Number(text.slice(0, -1));
  const unit = text.slice(-1);
  return `${unit === 'y' ? Math.min(count, MAX_YEARS) : count} ${PERIOD_UNITS[unit]}`;
}

/** The problem for a text that is not a period; long input is shortened. */
export function badPeriod(got: unknown): ProblemError {
  const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : 'not one text';
  return new ProblemError(
    'bad-period',
    `The period is ${shown}; write a whole number from 1 to 9999 and a unit: Nh (hours), Nd (days), Nw (weeks), Nm (months) or Ny (years), for example ?period=7d`,
  );
}

/** Says what a width may be; for descriptions and errors. */
export const WIDTH_RULE =
  'a whole number and a unit: s, m (minutes), h, d, w (from Monday), mo (months) or y, for example 5m, 1h, 1d, 1mo; also in words, for example 1 hour';

// The calendar of the database has an end, and nobody draws one point per thousand years.
const LONGEST = approximateMicroseconds({ months: 12_000, days: 0, microseconds: 0 });

/**
 * Reads the width of a bucket or window.
 * @param name the parameter, for the message.
 * @throws ProblemError (bad-bucket) that says how to write it.
 */
export function parseWidth(name: string, text: string): Interval {
  const match = /^([1-9]\d{0,8}) ?([a-z]+)$/.exec(text.trim().toLowerCase());
  const word = match?.[2]?.replace(/(?<=...)s$/, '') ?? '';
  const unit = WIDTH_WORDS.has(word) ? word : WIDTH_UNITS.get(match?.[2] ?? '');
  const width = match && unit ? parseDuration(`${match[1]} ${unit}`) : undefined;
  if (width !== undefined && approximateMicroseconds(width) <= LONGEST) return width;
  throw new ProblemError(
    'bad-bucket',
    `${name} is ${JSON.stringify(text.slice(0, 40))}; write ${WIDTH_RULE}. The longest is 1000y`,
  );
}
