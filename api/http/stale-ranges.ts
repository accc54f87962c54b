// How an answer says which of its figures are known to be out of date.

/** How fresh an aggregate is, as answers show it. */
export interface FreshnessShown {
  readonly watermark: string | null;
  readonly real_time: boolean;
  /** The first stale ranges within the range of the answer; null where the engine does not know. */
  readonly stale: { from: string; to: string }[] | null;
  /** How many there are. */
  readonly stale_count: number | null;
}

// Proxies limit the length of headers.
const MOST_IN_HEADER = 20;

/**
 * The header of formats that have only rows: `from/to` of each range, and how many more there are. Undefined when nothing is
 * stale, `unknown` where the engine does not know.
 */
export function staleText(freshness: FreshnessShown | null | undefined): string | undefined {
  if (!freshness) return undefined;
  const { stale, stale_count: count } = freshness;
  if (stale === null || count === null) return 'unknown';
  const named = stale.slice(0, MOST_IN_HEADER).map(({ from, to }) => `${from}/${to}`);
  const more = count - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ') || undefined;
}
