// Times and ranges as clients write them. Times stay text all the way to the database: a JavaScript Date has no microseconds.
import { Type } from '@fastify/type-provider-typebox';
import { PERIOD_PATTERN, parsePeriod } from './period';
import { ProblemError } from './problems';

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/** Query parameters of a range: `period` back from `to`, or from `from` to `to`. */
export const rangeQuery = (defaultPeriod: string) => ({
  period: Type.Optional(
    Type.String({
      pattern: PERIOD_PATTERN,
      description: `How far to look back from \`to\`: Nh, Nd, Nw, Nm (months) or Ny. Default ${defaultPeriod}, when there is no \`from\``,
      examples: [defaultPeriod],
    }),
  ),
  from: Type.Optional(
    Type.String({ description: 'Start, inclusive: RFC 3339, or a date (UTC)', examples: ['2026-11-01'] }),
  ),
  to: Type.Optional(
    Type.String({
      description: 'End, exclusive: RFC 3339, or a date (UTC). Default: now',
      examples: ['2026-11-20T12:00:00Z'],
    }),
  ),
});

/** A range as it is bound: each end is an SQL expression over at most one parameter. */
export interface TimeRange {
  /** Start: a time, or a PostgreSQL interval that counts back from the end. */
  readonly from: { readonly time: string } | { readonly back: string };
  /** Exclusive end; absent = now, and rows from the future too. */
  readonly to?: string;
}

/**
 * Reads the parameters of a range.
 * @throws ProblemError (bad-period, bad-time, bad-range) that says how to write it.
 */
export function parseRange(
  { period, from, to }: { readonly period?: string; readonly from?: string; readonly to?: string },
  defaultPeriod: string,
): TimeRange {
  const end = to === undefined ? {} : { to: parseTime('to', to) };
  if (from === undefined) return { from: { back: parsePeriod(period ?? defaultPeriod) }, ...end };
  if (period !== undefined)
    throw new ProblemError('bad-range', 'Give either period or from, as both say where the range starts');
  const start = parseTime('from', from);
  if (end.to !== undefined && instantOf(start) >= instantOf(end.to))
    throw new ProblemError('bad-range', `The range is empty: from (${start}) is not before to (${end.to})`);
  return { from: { time: start }, ...end };
}

/**
 * Reads a time and returns it as RFC 3339 in UTC, up to microseconds: `2026-11-01` → `2026-11-01T00:00:00Z`.
 * @throws ProblemError (bad-time) that names the parameter and the allowed forms.
 */
export function parseTime(name: string, text: string): string {
  const time = canonicalTime(text);
  if (time !== undefined) return time;
  throw new ProblemError(
    'bad-time',
    `${name} is ${JSON.stringify(text.slice(0, 40))}; write a time as in RFC 3339, for example ${name}=2026-11-20T12:00:00Z, or a date. In an address, + is written %2B`,
  );
}

/** The time in UTC as text with its microseconds, or undefined when it is none. Without an offset it is UTC. */
export function canonicalTime(text: string): string | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part))) as [number, number, number, ...number[]];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC takes the 31st of February for the 3rd of March, and years below 100 for the last century.
  const date = new Date(ms);
  if (year < 100 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetMs(match[8]);
  if (offset === undefined) return undefined;
  const fraction = (match[7] ?? '').slice(0, 6).replace(/0+$/, '');
  const utc = new Date(ms - offset).toISOString();
  // An offset can carry the first or last day of the calendar out of it.
  if (utc.length !== 24) return undefined;
  return `${utc.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

function offsetMs(text: string | undefined): number | undefined {
  if (text === undefined || /^z$/i.test(text)) return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(':', '') || 0)];
  if (hours > 15 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** A canonical time as microseconds since 1970, for comparing. */
export function instantOf(time: string): bigint {
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? '';
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1_000;
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0') || 0);
}
