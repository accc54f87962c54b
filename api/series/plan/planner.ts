// Plans the answer to a question about buckets: their width, their range, and the relation that is read.
import { formatInterval, type Interval, parseDuration } from '../../../db/language/interval';
import { timeText } from '../../http/time';
import { type Buckets, bucketsOver, countOf, roughCount } from '../buckets';
import type { Range } from '../request/ranges';
import { droppedBefore, exactSources, type Question, type Source } from './sources';

/** The plan of an answer. */
export interface Plan extends Source {
  readonly width: Interval;
  readonly buckets: Buckets;
  /** The requested range in whole buckets. */
  readonly range: Range;
  /** Time before which the source has dropped rows of the range, RFC 3339; null = it has all rows of the range. */
  readonly keptSince: string | null;
  /** The instant of the request. */
  readonly now: bigint;
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

/** Plans buckets of the width, see `planOver`. */
export const planBuckets = (question: Question, width: Interval, asked: Range, now: bigint): Plan =>
  planOver(question, bucketsOver(width, asked, question.zone), asked, now);

/**
 * Plans the answer in these buckets. It reads the coarsest relation that gives exact values and still has the start of the range; when
 * no relation has the start, the one that has the most of the range.
 */
export function planOver(question: Question, buckets: Buckets, asked: Range, now: bigint): Plan {
  const sources = exactSources(question, buckets);
  const [first] = sources;
  if (first === undefined) throw new Error(`no source for ${question.table.name}`);
  const kept = (source: Source): bigint => {
    const limit = droppedBefore(source.relation, now);
    // Dropped rows that are older than the range make no difference.
    return limit === undefined || limit < asked.from ? asked.from : limit;
  };
  const source = sources.reduce((best, other) => (kept(other) < kept(best) ? other : best), first);
  const { width, range } = buckets;
  return { ...source, width, buckets, range, keptSince: keptSince(source, range, now), now };
}

/**
 * The width for `bucket=auto`: the smallest one of the ladder that gives at most `points` buckets and for which some source
 * still has the start of the range; when no source has it, the smallest one that gives at most `points` buckets.
 */
export function chooseWidth(question: Question, points: number, asked: Range, now: bigint): Interval {
  const { zone } = question;
  const fits = (width: Interval): boolean =>
    // Counting them exactly may mean to list them, so widths that are much too short are left out first.
    roughCount(width, asked) <= 1.25 * points + 2 && countOf(bucketsOver(width, asked, zone)) <= points;
  const widths = LADDER.filter(fits);
  const keeps = ({ relation }: Source): boolean => (droppedBefore(relation, now) ?? asked.from) <= asked.from;
  const kept = widths.find((width) => exactSources(question, bucketsOver(width, asked, zone)).some(keeps));
  return kept ?? widths[0] ?? yearsThat(fits);
}

/** The time since which the source has all rows, if that is later than the start of the range; otherwise null. */
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

function yearsThat(fits: (width: Interval) => boolean): Interval {
  const years = (count: number): Interval => ({ months: 12 * count, days: 0, microseconds: 0 });
  let count = 2;
  while (!fits(years(count)) && count < 1_000) count *= 2;
  return years(Math.min(count, 1_000));
}
