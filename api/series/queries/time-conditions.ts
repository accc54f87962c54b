// Ranges of time as conditions. The server leaves out a chunk while it plans only when a bound is a constant: `now() - $1` is none,
// so it would plan and lock every chunk of the table, which takes longer than to read a day.
import { type Interval, parseDuration } from '../../../db/language/interval';
import type { Bind } from '../../database/statement';
import type { TimeRange } from '../../http/range';
import { EARLIEST, instantOf, timeText } from '../../http/time';
import { before, bucketStart } from '../calendar';

/** How a range becomes conditions. */
export interface RangeConditions {
  /** The quoted time column. */
  readonly column: string;
  /** Rows are buckets of this width: the one that holds the start of the range counts, too. */
  readonly bucket?: Bucket | undefined;
  /** An instant that the clock of the database has reached, see `Database.reached`. */
  readonly reached: bigint;
}

/** A width of buckets, with its unit for `date_trunc`. */
export interface Bucket {
  readonly width: Interval;
  readonly unit: 'hour' | 'day' | 'month';
}

/**
 * The range as conditions on a column. A start that counts back is computed by the database, whose clock decides what is now; a
 * constant that is not after it stands beside it, for the chunks.
 */
export function rangeConditions(
  { from, to }: TimeRange,
  { column, bucket, reached }: RangeConditions,
  bind: Bind,
): readonly string[] {
  const end = to === undefined ? undefined : bind(to, 'timestamptz');
  const firstBucket = (start: bigint): bigint =>
    bucket === undefined ? start : bucketStart(bucket.width, start);
  const since = (start: bigint): string => `${column} >= ${bind(timeText(start), 'timestamptz')}`;
  const until = end === undefined ? [] : [`${column} < ${end}`];
  if ('time' in from) return [since(firstBucket(instantOf(from.time))), ...until];
  const start = `${end ?? 'now()'} - ${bind(from.back, 'interval')}`;
  // Buckets and the session are in UTC, so truncating gives the start of the bucket that contains the time.
  const exact = `${column} >= ${bucket === undefined ? start : `date_trunc('${bucket.unit}', ${start})`}`;
  const period = parseDuration(from.back);
  const earliest = firstBucket(
    to === undefined ? before(reached - SET_BACK, period) - DAY : before(instantOf(to), period),
  );
  return [...(earliest < EARLIEST ? [] : [since(earliest)]), exact, ...until];
}

const DAY = 86_400_000_000n;
/** A clock may be set back by so much between two looks at it. */
const SET_BACK = 3_600_000_000n;
