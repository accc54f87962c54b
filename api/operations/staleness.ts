// Tells how far an aggregate lags, and whether its refreshes keep up.
import type { ContinuousAggregate } from '../../db/language/aggregate';
import { parseDuration } from '../../db/language/interval';
import { lengthBounds } from '../../db/language/interval-bounds';

/** `never`: no complete bucket is stored yet; `stale`: refreshes are missing, or no rows arrive. */
export const FRESHNESS_STATES = ['fresh', 'stale', 'never'] as const;

/** How far an aggregate lags at a moment. */
export interface Lag {
  /** How far the stored buckets are behind; null while no complete bucket is stored. */
  readonly ageSeconds: number | null;
  readonly state: (typeof FRESHNESS_STATES)[number];
}

/**
 * Classifies an aggregate by its watermark (ISO 8601, null while no complete bucket is stored).
 * A watermark is at most as old as the end offset of the refresh, one schedule and one unfinished bucket together; a second
 * schedule allows for a refresh that is under way or had to be repeated.
 */
export function lagOf(
  { refresh, bucket }: Pick<ContinuousAggregate, 'refresh' | 'bucket'>,
  watermark: string | null,
  now: Date,
): Lag {
  if (watermark === null) return { ageSeconds: null, state: 'never' };
  const age = (now.getTime() - Date.parse(watermark)) / 1_000;
  const allowed =
    longestSeconds(refresh.endOffset) + 2 * longestSeconds(refresh.every) + longestSeconds(bucket);
  // A refresh by hand may have stored the bucket that is still being filled: then the watermark is in the future.
  return { ageSeconds: Math.max(0, Math.round(age)), state: age > allowed ? 'stale' : 'fresh' };
}

const longestSeconds = (duration: string): number =>
  lengthBounds(parseDuration(duration)).longest / 1_000_000;
