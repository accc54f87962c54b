// The four resolutions of a sensor's readings, and which one fits a range.

/** From fine to coarse. */
export const LEVELS = ['raw', 'hourly', 'daily', 'monthly'];

const DAY = 86_400;
// A few hundred to a few thousand points: as fine as a screen can show. Slack, as a range may grow a little while it is open.
const BUCKETS = { raw: 0, hourly: 3_600, daily: DAY, monthly: 30 * DAY };
const LONGEST = { raw: 2.1 * DAY, hourly: 62 * DAY, daily: 740 * DAY };

/**
 * The resolutions to try for a range of `seconds`, best first: the next one serves when rows are not kept or too many.
 * A bucket that is longer than half of the range would say little about it.
 */
export function levelsFor(wanted, seconds) {
  if (LEVELS.includes(wanted)) return [wanted];
  const first = LEVELS.findIndex((level) => seconds <= (LONGEST[level] ?? Number.POSITIVE_INFINITY));
  return LEVELS.slice(first).filter((level, at) => at === 0 || BUCKETS[level] * 2 <= seconds);
}
