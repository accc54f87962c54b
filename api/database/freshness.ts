// How fresh aggregates are: the time up to which their buckets are stored. The database is asked at most every two seconds.
import { type AggregateHealth, WATERMARKS } from '../../db/engines/health';
import type { ContinuousAggregate, Relation } from '../../db/language/aggregate';
import { nameOf } from '../../db/language/names';
import type { Database } from './database';
import { query } from './query';

/** Knows the watermarks of the served aggregates. */
export interface Freshness {
  /** Watermarks by `nameOf` an aggregate; null while it has no complete bucket. */
  watermarks(): Promise<ReadonlyMap<string, string | null>>;
  /** How fresh a relation is, as answers show it; null for a hypertable, whose rows are always current. */
  of(relation: Relation): Promise<{ readonly watermark: string | null; readonly real_time: boolean } | null>;
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
  function watermarks(): Promise<ReadonlyMap<string, string | null>> {
    if (known === undefined || Date.now() >= until) {
      until = Date.now() + GOOD_FOR_MS;
      const asked = read();
      known = asked;
      // Everyone who waits for this query gets its failure; the next request asks again.
      asked.catch(() => {
        if (known === asked) known = undefined;
      });
    }
    return known;
  }
  return {
    watermarks,
    of: async (relation) => {
      if (relation.kind === 'hypertable') return null;
      const watermark = (await watermarks()).get(nameOf(relation)) ?? null;
      return { watermark, real_time: relation.realTime };
    },
  };
}
