// Which stored buckets are known to be out of date, by engine.
import type { Dialect } from '../model';
import { STALE_RANGES as TIMESCALEDB } from './timescaledb/stale-ranges';

/** The stale ranges of one aggregate: `[from, to]` each, ISO 8601 in UTC with microseconds, in whole buckets, merged and in order. */
export interface StaleRanges {
  readonly aggregate: string;
  readonly ranges: readonly (readonly [string, string])[];
}

/**
 * SQL for the stale ranges of the aggregates with the names in $1. Its rows are `StaleRanges`; an aggregate without any has no row.
 * Null where nothing is known: engine `postgres` does not note which rows change.
 */
export const STALE_RANGES: Readonly<Record<Dialect, string | null>> = {
  timescaledb: TIMESCALEDB,
  postgres: null,
};
