// The range of a request as two instants, so that an answer can say exactly what it covers.
import { parseDuration } from '../../../db/language/interval';
import { ProblemError } from '../../http/problems';
import { parseRange, type RangeParameters } from '../../http/range';
import { canonicalTime, EARLIEST, instantOf, LATEST, timeText } from '../../http/time';
import { before } from '../calendar';
import { firstInstant, type Spans, wallTime } from '../zones/local-buckets';
import type { Zone } from '../zones/zones';

/** How far back a series goes by default. */
export const DEFAULT_PERIOD = '1d';

/** From an instant, inclusive, to another one, exclusive; microseconds since 1970. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Resolves the parameters of a range; relative ones count back from `now`. In a zone, times without an offset are local times, and
 * a period counts back on the local calendar.
 * @throws ProblemError (bad-period, bad-time, bad-range).
 */
export function resolveRange(parameters: RangeParameters, now: bigint, zone?: Zone): Range {
  const { from: start, to: end } = parameters;
  const asked = parseRange(
    zone === undefined
      ? parameters
      : {
          ...parameters,
          ...(start === undefined ? {} : { from: localTime(start, zone) }),
          ...(end === undefined ? {} : { to: localTime(end, zone) }),
        },
    DEFAULT_PERIOD,
  );
  const to = asked.to === undefined ? now : instantOf(asked.to);
  const from = 'time' in asked.from ? instantOf(asked.from.time) : back(to, asked.from.back, zone);
  if (from >= to)
    throw new ProblemError(
      'bad-range',
      `The range is empty: from (${timeText(from)}) is not before now; also give to`,
    );
  return within({ from, to });
}

const DAY = 86_400_000_000n;

/** A time without an offset as the instant that it is in the zone, as text; any other text is left as it is. */
function localTime(text: string, zone: Zone): string {
  const time = canonicalTime(text);
  if (time === undefined || /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(10))) return text;
  const wall = instantOf(time);
  return timeText(firstInstant(wall, around(wall, zone)));
}

function back(to: bigint, period: string, zone: Zone | undefined): bigint {
  const interval = parseDuration(period);
  if (zone === undefined) return before(to, interval);
  const { microseconds, ...days } = interval;
  const wall = before(wallTime(to, around(to, zone)), { ...days, microseconds: 0 });
  return (
    (interval.months === 0 && interval.days === 0 ? to : firstInstant(wall, around(wall, zone))) -
    BigInt(microseconds)
  );
}

const around = (at: bigint, zone: Zone): Spans => zone.spans(at - 2n * DAY, at + 2n * DAY);

/** The range without what lies outside of the calendar. */
export const within = ({ from, to }: Range): Range => ({
  from: from < EARLIEST ? EARLIEST : from,
  to: to > LATEST ? LATEST : to,
});
