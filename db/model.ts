// What the reconciler works with: steps, hazards and plans as data. Types only.
import type { Client } from 'pg';
import type { Desired } from './language/desired';

/** `timescaledb`: Community features present. `postgres`: emulated on plain PostgreSQL. */
export type EngineName = 'timescaledb' | 'postgres';

/** The server that a plan is made for. */
export interface ServerInfo {
  readonly engine: EngineName;
  /** `17.11` */
  readonly serverVersion: string;
  /** `2.29.2`; absent on engine `postgres`. */
  readonly timescaledbVersion?: string;
  readonly database: string;
}

/** Dangers that `apply` only accepts by name (`--allow`). */
export type HazardName =
  | 'deletes-data'
  | 'rewrites-data'
  | 'blocks-reads'
  | 'blocks-writes'
  | 'loses-history'
  | 'long-running'
  | 'drops-object';

export interface Hazard {
  readonly name: HazardName;
  /** What happens, with figures. */
  readonly reason: string;
}

/** What a step deletes or rewrites, read from the catalog when the plan was made; rows are the planner's estimate. */
export interface Impact {
  readonly chunks: number;
  readonly rows: number;
  readonly bytes: number;
}

/** One change, complete: what is printed is what is run. */
export interface Step {
  /** Stable and unique in a plan, e.g. `create-hypertable:public.sensor_data`. */
  readonly id: string;
  readonly object: string;
  readonly action: 'create' | 'change' | 'drop' | 'run';
  readonly summary: string;
  /** One statement per entry. */
  readonly sql: readonly string[];
  /** Whether all statements run in one transaction; otherwise each runs alone and the step is safe to repeat. */
  readonly transactional: boolean;
  /** Strongest lock on user tables, e.g. `ACCESS EXCLUSIVE on public.sensor_data`; `none` where there is none. */
  readonly lock: string;
  readonly hazards: readonly Hazard[];
  readonly impact?: Impact;
}

/** A difference that is seen and not repaired. */
export interface Refusal {
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly wayOut: string;
}

/** What one kind, or all of them, found. */
export interface Findings {
  readonly steps: readonly Step[];
  readonly refusals: readonly Refusal[];
  /** Declared and done by our own means on this engine. */
  readonly emulated: readonly string[];
  /** Declared and impossible on this engine. */
  readonly unavailable: readonly string[];
  /** In the database and not declared: left alone. */
  readonly undeclared: readonly string[];
}

export interface Plan extends Findings {
  /** Version of this document's shape. */
  readonly version: 1;
  readonly server: ServerInfo;
  /** Names the steps exactly: a saved plan is stale when planning again gives another fingerprint. */
  readonly fingerprint: string;
}

/** The one method of a connection that kinds use. */
export type Db = Pick<Client, 'query'>;

/** One kind of object on one engine. Reading and comparing are apart, so that comparing is pure. */
export interface Kind<State = unknown> {
  readonly name: string;
  /** Reads this kind's slice of the catalog with a number of queries that does not grow with the number of objects. */
  read(db: Db, desired: Desired): Promise<State>;
  /** Compares; every difference becomes a step or a refusal. */
  compare(desired: Desired, actual: State): Partial<Findings>;
}
