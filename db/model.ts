// What the reconciler works with: steps, hazards and plans as data.
import type { Client } from 'pg';
import type { Desired } from './language/desired';

/**
 * `timescaledb`: the server has TimescaleDB Community. `postgres`: its features are emulated on plain PostgreSQL. `citus`: they are
 * emulated in the same way, and the extension citus distributes the rows over several servers.
 */
export type EngineName = 'timescaledb' | 'postgres' | 'citus';

/** The SQL that an engine speaks. That of engine `citus` is the SQL of engine `postgres`. */
export type Dialect = 'timescaledb' | 'postgres';

export const dialectOf = (engine: EngineName): Dialect => (engine === 'timescaledb' ? engine : 'postgres');

/** The server that a plan is made for. */
export interface ServerInfo {
  readonly engine: EngineName;
  /** `17.11` */
  readonly serverVersion: string;
  /** `2.29.2`; only on engine `timescaledb`. */
  readonly timescaledbVersion?: string;
  /** `14.0-1`, the version of the extension; only on engine `citus`. */
  readonly citusVersion?: string;
  readonly database: string;
}

/** Dangers that `apply` accepts only when `--allow` names them. */
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

/** How much a step reads, deletes or rewrites. It is read from the catalog when the plan is made, and `rows` is an estimate. */
export interface Impact {
  readonly chunks: number;
  readonly rows: number;
  readonly bytes: number;
}

/** One change. Its SQL is complete: apply runs exactly the statements that the plan prints. */
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
  /** The strongest lock on user tables, e.g. `ACCESS EXCLUSIVE on public.sensor_data`; `none` when there is no such lock. */
  readonly lock: string;
  readonly hazards: readonly Hazard[];
  readonly impact?: Impact;
}

/** A difference that is reported, but not repaired. */
export interface Refusal {
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly wayOut: string;
}

/** The result of comparing one kind of object, or all of them. */
export interface Findings {
  readonly steps: readonly Step[];
  readonly refusals: readonly Refusal[];
  /** Declared features that this engine does not have and that are emulated. */
  readonly emulated: readonly string[];
  /** Declared features that are impossible on this engine. */
  readonly unavailable: readonly string[];
  /** Where the rows of declared objects are, on an engine that distributes them. */
  readonly distributed: readonly string[];
  /** Objects that are in the database, but not declared. They are left alone. */
  readonly undeclared: readonly string[];
  /** What goes on or stands still although nobody declares it, e.g. a retention policy that still deletes rows. */
  readonly warnings: readonly string[];
}

/** What a plan proposes beside the declared changes. */
export interface PlanOptions {
  /** Whether to drop objects that an apply has created and that are not declared any more. */
  readonly prune?: boolean;
}

export interface Plan extends Findings {
  /** Version of the format of a saved plan. */
  readonly version: 1;
  /** Present when the plan was made to drop what is not declared any more. */
  readonly prune?: true;
  readonly server: ServerInfo;
  /** Hash of the steps and refusals. A saved plan is stale when a new plan has another fingerprint. */
  readonly fingerprint: string;
}

/** The one method of a connection that kinds use. */
export type Db = Pick<Client, 'query'>;

/** Something declared that the server shall print, so that it can be compared with what is in the database. */
export interface SpellingRequest {
  /** `aggregate`, `index`, … */
  readonly kind: string;
  /** The object that it belongs to, `schema.name`; empty when it is declared for no single one. */
  readonly relation: string;
  /** The declared text; together with `reads`, the version and the settings it decides how the server prints it. */
  readonly text: string;
  /** Relations whose columns the text uses, `schema.name`. */
  readonly reads: readonly string[];
  /** Whether what is in the database has this spelling. */
  confirms(spelling: string): boolean;
}

/** How the server prints declared things. */
export interface Spellings {
  /**
   * The spelling of each request; null when the text is not valid on the present tables. Spellings that are remembered and that
   * the database still has are not printed again.
   * @param print lets the server print requests, in their order.
   */
  of<Request extends SpellingRequest>(
    requests: readonly Request[],
    print: (requests: readonly Request[]) => Promise<readonly (string | null)[]>,
  ): Promise<ReadonlyMap<Request, string | null>>;
}

/** What kinds read with while a plan is made. */
export interface PlanDb extends Db {
  readonly server: ServerInfo;
  /** Whether the extension timescaledb exists; before the first apply it does not. */
  readonly extension: boolean;
  readonly spellings: Spellings;
}

/** One kind of object on one engine. Reading and comparing are separate, so that comparing is a pure function. */
export interface Kind<State = unknown> {
  readonly name: string;
  /**
   * The kinds after this one read the database as it is after its steps: while planning, they run in the transaction that is
   * rolled back.
   */
  readonly runsWhilePlanning?: true;
  /** Reads this kind's part of the catalog. The number of queries does not grow with the number of objects. */
  read(db: PlanDb, desired: Desired): Promise<State>;
  /** Turns every difference into a step or a refusal. */
  compare(desired: Desired, actual: State): Partial<Findings>;
}
