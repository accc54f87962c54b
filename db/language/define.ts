// The schema language: typed builders that return plain, frozen data. Columns are known to the compiler.

import { UsageError } from '../core/errors';
import type { Column } from './columns';
import type { Expression } from './expressions';
import type { Index, SortKey } from './indexes';
import { type Duration, parseDuration } from './interval';

/** A row-level security policy; conditions are SQL over the row's columns. */
export interface RowPolicy {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** Role that it applies to. */
  readonly to: string;
  /** Which rows are seen, changed or deleted. */
  readonly using?: string;
  /** Which rows may be written; absent = those of `using`. */
  readonly check?: string;
}

/** Hash partitions beside the time ranges: rows of one value stay together. */
export interface HashPartitions<C extends string = string> {
  readonly by: C;
  readonly count: number;
}

/** Columnstore (compression) of a hypertable. */
export interface Columnstore<C extends string = string> {
  readonly segmentBy: readonly C[];
  readonly orderBy: readonly SortKey<C>[];
  /** Age after which a chunk is converted. */
  readonly after: Duration;
  /** Said aloud: rows may still arrive, and refreshes still write, after chunks were converted (lint rule TS008). */
  readonly acceptLateRows?: boolean;
}

/** A hypertable as declared. */
export interface Hypertable<C extends string = string> {
  readonly kind: 'hypertable';
  readonly schema: string;
  readonly name: string;
  readonly columns: Readonly<Record<C, Column>>;
  readonly columnNames: readonly C[];
  /** The column that rows are partitioned by. */
  readonly time: C;
  readonly chunkInterval: Duration;
  readonly hash?: HashPartitions<C>;
  /** Whole-number or time columns whose range is kept per converted chunk, so that queries can pass chunks over. */
  readonly chunkSkipping?: readonly C[];
  readonly indexes: readonly Index<C>[];
  /** One of the indexes: chunks that are no longer written to are rewritten in its order. */
  readonly reorder?: Index<C>;
  /** Row-level security: on when declared; not together with columnstore or continuous aggregates. */
  readonly rowSecurity?: readonly RowPolicy[];
  readonly columnstore?: Columnstore<C>;
  /** Age after which chunks are dropped; absent = kept for ever. */
  readonly retention?: Duration;
}

/** When and how much of a continuous aggregate is kept fresh; offsets count back from now. */
export interface RefreshPolicy {
  readonly startOffset: Duration;
  readonly endOffset: Duration;
  readonly every: Duration;
}

/** A continuous aggregate as declared; its time column is always called `bucket`. */
export interface ContinuousAggregate<C extends string = string> {
  readonly kind: 'aggregate';
  readonly schema: string;
  readonly name: string;
  readonly from: Relation;
  readonly bucket: Duration;
  readonly groupBy: readonly string[];
  readonly select: Readonly<Record<string, Expression>>;
  readonly columnNames: readonly C[];
  readonly time: 'bucket';
  /** Whether queries also see rows that are newer than the last refresh. */
  readonly realTime: boolean;
  readonly refresh: RefreshPolicy;
  readonly columnstore?: Columnstore<C>;
  readonly retention?: Duration;
}

/** An ordinary table, e.g. a registry that readings are joined with. */
export interface PlainTable<C extends string = string> {
  readonly kind: 'table';
  readonly schema: string;
  readonly name: string;
  readonly columns: Readonly<Record<C, Column>>;
  readonly columnNames: readonly C[];
  readonly primaryKey: readonly C[];
  readonly indexes: readonly Index<C>[];
  /** Row-level security: on when declared. */
  readonly rowSecurity?: readonly RowPolicy[];
  /** Holds secrets: roles of access `read` get nothing of it. */
  readonly secret?: boolean;
}

/** A function in SQL, e.g. a growth rate. */
export interface SqlFunction {
  readonly kind: 'function';
  readonly schema: string;
  readonly name: string;
  /** As in CREATE FUNCTION: `current numeric, previous numeric`. */
  readonly args: string;
  readonly returns: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** One SQL query. */
  readonly body: string;
}

/** What a role may do with every declared object of the selected sets. */
export type Access = 'read' | 'write' | 'serve' | 'monitor';

/** A group role without login; people and programs become its members. Roles belong to the server, not to a database. */
export interface Role {
  readonly kind: 'role';
  readonly schema: '';
  readonly name: string;
  readonly access: Access;
}

/** Anything that an aggregate can be built on. */
export type Relation<C extends string = string> = Hypertable<C> | ContinuousAggregate<C>;

/** The column names of a declared relation, as a type. */
export type ColumnOf<R> = R extends { readonly columnNames: readonly (infer C extends string)[] } ? C : never;

/**
 * Declares a hypertable. `name` may carry a PostgreSQL schema: `monitoring.sensor_data`; the default is `public`.
 * @throws UsageError when the name or a duration is malformed.
 */
export function hypertable<const C extends string>(
  name: string,
  spec: {
    readonly columns: Readonly<Record<C, Column>>;
    readonly time: NoInfer<C>;
    readonly chunkInterval: Duration;
    readonly hash?: HashPartitions<NoInfer<C>>;
    readonly chunkSkipping?: readonly NoInfer<C>[];
    readonly indexes?: readonly Index<NoInfer<C>>[];
    readonly reorder?: Index<NoInfer<C>>;
    readonly rowSecurity?: readonly RowPolicy[];
    readonly columnstore?: Columnstore<NoInfer<C>>;
    readonly retention?: Duration;
  },
): Hypertable<C> {
  checkDurations(name, spec.chunkInterval, spec.columnstore?.after, spec.retention);
  return Object.freeze({
    ...spec,
    kind: 'hypertable',
    ...qualifiedName(name),
    columnNames: Object.keys(spec.columns) as C[],
    indexes: spec.indexes ?? [],
  });
}

/**
 * Declares a continuous aggregate over a hypertable or over another aggregate.
 * @throws UsageError when the name or a duration is malformed.
 */
export function continuousAggregate<
  From extends Relation,
  const G extends ColumnOf<NoInfer<From>>,
  const S extends Readonly<Record<string, Expression<ColumnOf<NoInfer<From>>>>>,
>(
  name: string,
  spec: {
    readonly from: From;
    readonly bucket: Duration;
    readonly groupBy: readonly G[];
    readonly select: S;
    readonly realTime: boolean;
    readonly refresh: RefreshPolicy;
    readonly columnstore?: Columnstore<'bucket' | NoInfer<G> | (keyof NoInfer<S> & string)>;
    readonly retention?: Duration;
  },
): ContinuousAggregate<'bucket' | G | (keyof S & string)> {
  const { startOffset, endOffset, every } = spec.refresh;
  checkDurations(name, spec.bucket, startOffset, endOffset, every, spec.columnstore?.after, spec.retention);
  return Object.freeze({
    ...spec,
    kind: 'aggregate',
    ...qualifiedName(name),
    time: 'bucket',
    columnNames: ['bucket', ...spec.groupBy, ...Object.keys(spec.select)] as (
      | 'bucket'
      | G
      | (keyof S & string)
    )[],
  });
}

/**
 * Declares an ordinary table.
 * @throws UsageError when the name is malformed.
 */
export function table<const C extends string>(
  name: string,
  spec: {
    readonly columns: Readonly<Record<C, Column>>;
    readonly primaryKey: readonly NoInfer<C>[];
    readonly indexes?: readonly Index<NoInfer<C>>[];
    readonly rowSecurity?: readonly RowPolicy[];
    readonly secret?: boolean;
  },
): PlainTable<C> {
  return Object.freeze({
    ...spec,
    kind: 'table',
    ...qualifiedName(name),
    columnNames: Object.keys(spec.columns) as C[],
    indexes: spec.indexes ?? [],
  });
}

/**
 * Declares a function in SQL.
 * @throws UsageError when the name is malformed.
 */
export function sqlFunction(
  name: string,
  spec: Pick<SqlFunction, 'args' | 'returns' | 'volatility' | 'body'>,
): SqlFunction {
  return Object.freeze({ ...spec, kind: 'function', ...qualifiedName(name) });
}

/**
 * Declares a group role. `read`: every declared table and aggregate but secret tables. `write`: also rows into tables, never into aggregates
 * (TimescaleDB would take them). `monitor`: the server's statistics and the reconciler's journal. Objects stay owned by
 * whoever applies: TimescaleDB runs policies as the owner of their table, which must be a role with login.
 * @throws UsageError when the name is malformed.
 */
export function role(name: string, access: Access): Role {
  return Object.freeze({ kind: 'role', schema: '', name: qualifiedName(name).name, access });
}

/** Whatever a set can declare. */
export type DeclaredObject = Relation | PlainTable | SqlFunction | Role;

/** A group of objects that is switched on and off together (`TSDB_SCHEMAS`). */
export interface SchemaSet {
  readonly name: string;
  readonly objects: readonly DeclaredObject[];
}

/** Declares a set; sources may stand in any order. */
export function schemaSet(name: string, objects: readonly DeclaredObject[]): SchemaSet {
  return Object.freeze({ name, objects });
}

/** `public.sensor_data`: how an object is named in plans, messages and the journal. */
export function nameOf(object: { readonly schema: string; readonly name: string }): string {
  return object.schema === '' ? object.name : `${object.schema}.${object.name}`;
}

// Lower case only: names then mean the same quoted and unquoted, here and in everybody's SQL. 63 bytes is PostgreSQL's limit.
function qualifiedName(name: string): { schema: string; name: string } {
  const match = /^(?:([a-z_][a-z0-9_]{0,62})\.)?([a-z_][a-z0-9_]{0,62})$/.exec(name);
  if (!match?.[2]) {
    throw new UsageError(
      `"${name}" is not a usable name; write "table" or "schema.table" with lower-case letters, digits and _, at most 63 each`,
    );
  }
  return { schema: match[1] ?? 'public', name: match[2] };
}

function checkDurations(name: string, ...durations: readonly (Duration | undefined)[]): void {
  for (const duration of durations) {
    if (duration === undefined) continue;
    try {
      parseDuration(duration);
    } catch (error) {
      throw new UsageError(`${name}: ${(error as Error).message}`);
    }
  }
}
