// How fresh aggregates are: the time up to which their buckets are stored, and which of the stored ones are known to be out of date.
// The database is asked at most every two seconds.
import { type AggregateHealth, WATERMARKS } from '../../db/engines/health';
import { STALE_RANGES, type StaleRanges } from '../../db/engines/stale-ranges';
import type { ContinuousAggregate, Relation } from '../../db/language/aggregate';
import { nameOf } from '../../db/language/names';
import { dialectOf } from '../../db/model';
import type { FreshnessShown } from '../http/stale-ranges';
import { instantOf, timeText } from '../http/time';
import type { Database } from './database';
import { query } from './query';
import { eachPool, remembered } from './remembered';

/** A range of instants with exclusive end, in microseconds since 1970. */
export interface Instants {
  readonly from: bigint;
  readonly to: bigint;
}

/** Knows how fresh the served aggregates are. */
export interface Freshness {
  /** Watermarks on the primary by `nameOf` an aggregate; null while it has no complete bucket. */
  watermarks(): Promise<ReadonlyMap<string, string | null>>;
  /**
   * How fresh a relation is within a range, on the server that answers the request; null for a hypertable, whose rows are always
   * current.
   */
  of(relation: Relation, range: Instants): Promise<FreshnessShown | null>;
  /** Makes the next answer ask again, because buckets were computed a moment ago. */
  forget(): void;
}

/** Most stale ranges that an answer names. */
export const MOST_STALE_RANGES = 100;

/** Watches the given aggregates. */
export function watchFreshness(database: Database, aggregates: readonly ContinuousAggregate[]): Freshness {
  const names = aggregates.map(nameOf);
  const { reader, reads } = database;
  const watermarks = eachPool((pool) =>
    remembered(async () => {
      const sql = WATERMARKS[dialectOf(await database.engine())];
      const rows = await query<AggregateHealth>(pool, sql, [names]);
      return new Map(rows.map(({ aggregate, watermark }) => [aggregate, watermark]));
    }),
  );
  const stale = eachPool((pool) =>
    remembered(async () => {
      const sql = STALE_RANGES[dialectOf(await database.engine())];
      if (sql === null) return null;
      const rows = await query<StaleRanges>(pool, sql, [names]);
      return new Map(rows.map(({ aggregate, ranges }) => [aggregate, ranges.map(instants)]));
    }),
  );
  return {
    watermarks: () => watermarks(reader).get(),
    of: async (relation, range) => {
      if (relation.kind === 'hypertable') return null;
      const name = nameOf(relation);
      const [marks, known] = await reads.read((pool) =>
        Promise.all([watermarks(pool).get(), stale(pool).get()]),
      );
      const within = known === null ? null : overlaps(known.get(name) ?? [], range);
      return {
        watermark: marks.get(name) ?? null,
        real_time: relation.realTime,
        stale: within?.slice(0, MOST_STALE_RANGES).map(shown) ?? null,
        stale_count: within?.length ?? null,
      };
    },
    forget: () => {
      for (const pool of [reader, ...reads.standbys.all.map((standby) => standby.pool)])
        for (const one of [watermarks(pool), stale(pool)]) one.forget();
    },
  };
}

const instants = ([from, to]: readonly [string, string]): Instants => ({
  from: instantOf(from),
  to: instantOf(to),
});

/** The parts of ranges that lie within another range. */
function overlaps(ranges: readonly Instants[], { from, to }: Instants): readonly Instants[] {
  return ranges
    .filter((range) => range.from < to && range.to > from)
    .map((range) => ({ from: range.from > from ? range.from : from, to: range.to < to ? range.to : to }));
}

const shown = ({ from, to }: Instants) => ({ from: timeText(from), to: timeText(to) });
