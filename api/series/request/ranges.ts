// The range of a request as two instants, so that an answer can say exactly what it covers.
import { type Interval, parseDuration } from '../../../db/language/interval';
import { ProblemError } from '../../http/problems';
import { parseRange, type RangeParameters } from '../../http/range';
import { EARLIEST, instantOf, LATEST, timeText } from '../../http/time';
import { before, bucketEnd, bucketStart } from '../calendar';

/** How far back a series goes by default. */
export const DEFAULT_PERIOD = '1d';

/** From an instant, inclusive, to another one, exclusive; microseconds since 1970. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Resolves the parameters of a range; relative ones count back from `now`.
 * @throws ProblemError (bad-period, bad-time, bad-range).
 */
export function resolveRange(parameters: RangeParameters, now: bigint): Range {
  const asked = parseRange(parameters, DEFAULT_PERIOD);
  const to = asked.to === undefined ? now : instantOf(asked.to);
  const from = 'time' in asked.from ? instantOf(asked.from.time) : before(to, parseDuration(asked.from.back));
  if (from >= to)
    throw new ProblemError(
      'bad-range',
      `The range is empty: from (${timeText(from)}) is not before now; also give to`,
    );
  return within({ from, to });
}

/** The range in whole buckets: widened at both ends. */
export const wholeBuckets = (width: Interval, { from, to }: Range): Range =>
  within({ from: bucketStart(width, from), to: bucketEnd(width, to) });

const within = ({ from, to }: Range): Range => ({
  from: from < EARLIEST ? EARLIEST : from,
  to: to > LATEST ? LATEST : to,
});
