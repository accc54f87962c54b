// Tells how far an aggregate lags, and whether its refreshes keep up.
import type { ContinuousAggregate } from '../../db/language/aggregate';
import { type Interval, parseDuration } from '../../db/language/interval';

/** `never`: not refreshed yet; `stale`: refreshes are missing, or no rows arrive. */
export const FRESHNESS_STATES = ['fresh', 'stale', 'never'] as const;

/** How an aggregate does at a moment. */
export interface Lag {
  /** How far the stored buckets are behind; null before the first refresh. */
  readonly ageSeconds: number | null;
  readonly state: (typeof FRESHNESS_STATES)[number];
}

/**
 * Classifies an aggregate by its watermark (ISO 8601, null before the first refresh).
 * A watermark is at worst as old as the end of the refresh window, one schedule and one unfinished bucket; a second schedule
 * is for a refresh that is under way, or that had to be repeated.
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
  // A refresh by hand may have stored the bucket that is still filling.
  return { ageSeconds: Math.max(0, Math.round(age)), state: age > allowed ? 'stale' : 'fresh' };
}

// A month has up to 31 days.
function longestSeconds(duration: string): number {
  const { months, days, microseconds }: Interval = parseDuration(duration);
  return (months * 31 + days) * 86_400 + microseconds / 1_000_000;
}
