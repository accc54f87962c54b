// Decides how a question about buckets is answered: how wide they are, over which range, and from which relation.
import { formatInterval, type Interval, parseDuration } from '../../../db/language/interval';
import { timeText } from '../../http/time';
import { bucketCount } from '../calendar';
import { type Range, wholeBuckets } from '../request/ranges';
import { droppedBefore, exactSources, type Question, type Source } from './sources';

/** How a question is answered. */
export interface Plan extends Source {
  readonly width: Interval;
  /** The asked range in whole buckets. */
  readonly range: Range;
  /** Time before which the source has dropped rows of the range, RFC 3339; null = it has all of them. */
  readonly keptSince: string | null;
}

/** Widths that `bucket=auto` chooses from, finest first. */
export const LADDER: readonly Interval[] = [
  '1 second',
  '5 seconds',
  '10 seconds',
  '30 seconds',
  '1 minute',
  '5 minutes',
  '10 minutes',
  '15 minutes',
  '30 minutes',
  '1 hour',
  '3 hours',
  '6 hours',
  '12 hours',
  '1 day',
  '1 week',
  '1 month',
  '3 months',
  '1 year',
].map(parseDuration);

/**
 * Plans a question in buckets of the width: from the coarsest relation that answers exactly and still keeps the start of the
 * range; when none keeps it, from the one that keeps the most of it.
 */
export function planBuckets(question: Question, width: Interval, asked: Range, now: bigint): Plan {
  const sources = exactSources(question, width);
  const [first] = sources;
  if (first === undefined) throw new Error(`no source for ${question.table.name}`);
  const kept = (source: Source): bigint => {
    const limit = droppedBefore(source.relation, now);
    // What is older than the range makes no difference.
    return limit === undefined || limit < asked.from ? asked.from : limit;
  };
  const source = sources.reduce((best, other) => (kept(other) < kept(best) ? other : best), first);
  const range = wholeBuckets(width, asked);
  return { ...source, width, range, keptSince: keptSince(source, range, now) };
}

/**
 * The width for `bucket=auto`: the smallest one of the ladder that gives at most `points` buckets and that some source
 * answers whose rows of the start of the range are still there; when no source has them, the smallest one for the points.
 */
export function chooseWidth(question: Question, points: number, asked: Range, now: bigint): Interval {
  const widths = LADDER.filter((width) => bucketCount(width, asked.from, asked.to) <= points);
  const keeps = ({ relation }: Source): boolean => (droppedBefore(relation, now) ?? asked.from) <= asked.from;
  const kept = widths.find((width) => exactSources(question, width).some(keeps));
  return kept ?? widths[0] ?? yearsFor(points, asked);
}

/** Since when the source has all rows of the range, when that is later than its start. */
export function keptSince(
  { relation }: Pick<Source, 'relation'>,
  { from }: Range,
  now: bigint,
): string | null {
  const limit = droppedBefore(relation, now);
  return limit !== undefined && limit > from ? timeText(limit) : null;
}

/** The width as answers and queries name it. */
export const widthText = (width: Interval): string => formatInterval(width);

function yearsFor(points: number, { from, to }: Range): Interval {
  const years = (count: number): Interval => ({ months: 12 * count, days: 0, microseconds: 0 });
  let count = 2;
  while (bucketCount(years(count), from, to) > points && count < 1_000) count *= 2;
  return years(Math.min(count, 1_000));
}
