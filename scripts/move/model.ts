// What a move works with: the relations that it carries, the ranges that it copies, and its two databases.
import type { Client } from 'pg';
import type { EngineName } from '../../db/model';

/**
 * How the rows of a relation are carried. `ranges`: a hypertable, by ranges of time. `keys`: a plain table, whole at first and then
 * row by row. `stored`: the stored buckets of an aggregate, by comparing both sides.
 */
export type Carried = 'ranges' | 'keys' | 'stored';

/** A relation whose rows are carried. */
export interface Moved {
  /** Names it in the change log. */
  readonly number: number;
  /** `public.sensor_data`, as declared. */
  readonly name: string;
  readonly kind: Carried;
  /** Quoted names of the relation with the rows, at the source and at the target. */
  readonly source: string;
  readonly target: string;
  readonly columns: readonly string[];
  /** The time column; empty for `keys`. */
  readonly time: string;
  /** Length of the slices in which changes are noted, in microseconds; 0 for `keys`. */
  readonly width: number;
  /** The primary key of `keys`; otherwise empty. */
  readonly key: readonly string[];
  /** Whether foreign keys of other tables point at it, so that its rows may not be deleted for an instant. */
  readonly isReferenced: boolean;
}

/**
 * A range of time with inclusive start and exclusive end, as the server writes times. Where both are the same infinity, it is the rows
 * at that infinity; from -infinity to infinity it is every row.
 */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** A session in each database. */
export interface Pair {
  readonly source: Client;
  readonly target: Client;
}

/** The engines of the two databases. */
export interface Engines {
  readonly source: EngineName;
  readonly target: EngineName;
}

/** How far a move is. `moved`: the source takes no writes any more. `done`: the target also runs its jobs. */
export type Stage = 'prepare' | 'capture' | 'copy' | 'moved' | 'done';

/** The start of slices: one fixed instant, at a whole hour in UTC. */
export const ORIGIN = `'2000-01-01 00:00:00+00'::timestamptz`;

/** Slices in the chunk interval of a hypertable. A range that is copied again is at least as long as a slice. */
export const SLICES = 64;
