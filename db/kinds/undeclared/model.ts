// Types of the undeclared kind: what is in the database although nobody declares it, and what an engine contributes.
import type { Desired } from '../../language/desired';
import type { Db, EngineName } from '../../model';
import type { PolicyState } from '../policy-state';

export type ObjectKind =
  | 'table'
  | 'hypertable'
  | 'aggregate'
  | 'view'
  | 'materialized view'
  | 'foreign table'
  | 'function';

/** An object of one of our schemas that is not declared. */
export interface UndeclaredObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly name: string;
  /** Arguments of a function, as DROP FUNCTION wants them. */
  readonly args: string | null;
  /** The relation that an aggregate reads, `schema.name`. */
  readonly source: string | null;
  /** The quoted name of the table that holds its rows or buckets. */
  readonly stored: string | null;
  /** Views, aggregates and tables with a foreign key that need it, `schema.name`. */
  readonly readers: readonly string[];
}

/** What the journal knows about an object. */
export interface Evidence {
  /** Whether an apply has worked on it. */
  readonly managed: boolean;
  /** Whether an apply has created it, and none has dropped it since. */
  readonly created: boolean;
  /** Columns that no apply has made. */
  readonly strangers: readonly string[];
  /** Kinds of the policies that an apply has added to it. */
  readonly policies: readonly string[];
}

/** A job that is not a declared kind of job on a declared object. */
export interface UndeclaredJob {
  readonly id: number;
  /** The procedure with its schema, for a job that is no policy. */
  readonly procedure: string;
  /** The table or aggregate that it works on, if any. */
  readonly object: string | null;
  readonly policy: PolicyState | null;
}

/** What dropping an object would delete. */
export interface DropFigures {
  readonly chunks: number;
  readonly bytes: number;
  readonly rows: number;
  /** Whether the rows were counted; otherwise they are an estimate, because counting takes too long. */
  readonly exact: boolean;
  /** Present for an aggregate whose rows were counted. */
  readonly buckets?: number;
}

/** How an engine reads and drops what is not declared. */
export interface UndeclaredDialect {
  readonly engine: EngineName;
  /** SQL for whether there can be hypertables, aggregates and jobs; not before the first apply. */
  readonly present: string;
  /** A query for all hypertables and aggregates: `schema`, `name`, `kind`, `source`, `stored`. */
  readonly timed: string;
  /** A condition on a relation `c`, true of a table that holds rows of another one, such as a shard. */
  readonly part?: string;
  readJobs(db: Db, desired: Desired): Promise<readonly UndeclaredJob[]>;
  drop(object: UndeclaredObject): readonly string[];
  removePolicy(state: PolicyState): readonly string[];
}
