// How fresh aggregates are: up to where their buckets are stored. Asked at most every two seconds, whatever the load.
import { type AggregateHealth, WATERMARKS } from '../../db/engines/health';
import type { ContinuousAggregate } from '../../db/language/aggregate';
import { nameOf } from '../../db/language/names';
import type { Database } from './database';
import { query } from './query';

/** Watermarks by `nameOf` an aggregate; null before its first refresh. */
export interface Freshness {
  watermarks(): Promise<ReadonlyMap<string, string | null>>;
}

const GOOD_FOR_MS = 2_000;

/** Watches the given aggregates. */
export function watchFreshness(database: Database, aggregates: readonly ContinuousAggregate[]): Freshness {
  const names = aggregates.map(nameOf);
  let known: Promise<ReadonlyMap<string, string | null>> | undefined;
  let until = 0;
  const read = async (): Promise<ReadonlyMap<string, string | null>> => {
    const rows = await query<AggregateHealth>(database.reader, WATERMARKS[await database.engine()], [names]);
    return new Map(rows.map(({ aggregate, watermark }) => [aggregate, watermark]));
  };
  return {
    watermarks: () => {
      if (known === undefined || Date.now() >= until) {
        until = Date.now() + GOOD_FOR_MS;
        const asked = read();
        known = asked;
        // A failure is for those who wait for it; the next request asks again.
        asked.catch(() => {
          if (known === asked) known = undefined;
        });
      }
      return known;
    },
  };
}
