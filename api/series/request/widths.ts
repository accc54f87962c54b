// Widths of buckets and windows as clients write them: `5m`, `1h`, `1d`, `1w`, `1mo`, `1y`, or `1 hour`.
import { approximateMicroseconds, type Interval, parseDuration } from '../../../db/language/interval';
import { ProblemError } from '../../http/problems';

/** Says what a width may be; for descriptions and errors. */
export const WIDTH_RULE =
  'a whole number and a unit: s, m (minutes), h, d, w (from Monday), mo (months) or y, for example 5m, 1h, 1d, 1mo; also in words, as 1 hour';

const UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['sec', 'second'],
  ['m', 'minute'],
  ['min', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);
const WORDS = new Set(['second', 'minute', 'hour', 'day', 'week', 'month', 'year']);

// The calendar of the database ends somewhere, and nobody draws one point per thousand years.
const LONGEST = approximateMicroseconds({ months: 12_000, days: 0, microseconds: 0 });

/**
 * Reads a width.
 * @param name the parameter, for the message.
 * @throws ProblemError (bad-bucket) that says how to write it.
 */
export function parseWidth(name: string, text: string): Interval {
  const match = /^([1-9]\d{0,8}) ?([a-z]+)$/.exec(text.trim().toLowerCase());
  const word = match?.[2]?.replace(/(?<=...)s$/, '') ?? '';
  const unit = WORDS.has(word) ? word : UNITS.get(match?.[2] ?? '');
  const width = match && unit ? parseDuration(`${match[1]} ${unit}`) : undefined;
  if (width !== undefined && approximateMicroseconds(width) <= LONGEST) return width;
  throw new ProblemError(
    'bad-bucket',
    `${name} is ${JSON.stringify(text.slice(0, 40))}; write ${WIDTH_RULE}. The longest is 1000y`,
  );
}
