// Ranges of time as clients write them.
import { Type } from '@fastify/type-provider-typebox';
import { PERIOD_PATTERN, parsePeriod } from './durations';
import { ProblemError } from './problems';
import { instantOf, parseTime } from './time';

/** Query parameters of a range: `period` back from `to`, or from `from` to `to`. */
export const rangeQuery = (defaultPeriod: string) => ({
  period: Type.Optional(
    Type.String({
      pattern: PERIOD_PATTERN,
      description: `How far to look back from \`to\`: Nh, Nd, Nw, Nm (months) or Ny. Default without \`from\`: ${defaultPeriod}`,
      examples: [defaultPeriod],
    }),
  ),
  from: Type.Optional(
    Type.String({
      description: 'Start, inclusive: RFC 3339, a date (UTC), or milliseconds since 1970 (13 digits)',
      examples: ['2026-11-01'],
    }),
  ),
  to: Type.Optional(
    Type.String({
      description:
        'End, exclusive: RFC 3339, a date (UTC), or milliseconds since 1970 (13 digits). Default: now',
      examples: ['2026-11-20T12:00:00Z'],
    }),
  ),
});

/** The parameters of a range. */
export interface RangeParameters {
  readonly period?: string;
  readonly from?: string;
  readonly to?: string;
}

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
export function parseRange({ period, from, to }: RangeParameters, defaultPeriod: string): TimeRange {
  const end = to === undefined ? {} : { to: parseTime('to', to) };
  if (from === undefined) return { from: { back: parsePeriod(period ?? defaultPeriod) }, ...end };
  if (period !== undefined)
    throw new ProblemError('bad-range', 'Give either period or from: both say where the range starts');
  const start = parseTime('from', from);
  if (end.to !== undefined && instantOf(start) >= instantOf(end.to))
    throw new ProblemError('bad-range', `The range is empty: from (${start}) is not before to (${end.to})`);
  return { from: { time: start }, ...end };
}
