// Continuous aggregates as declared, over a hypertable or over another aggregate.
import type { Expression } from './expressions';
import type { Columnstore, Hypertable } from './hypertable';
import type { Duration } from './interval';
import { checkDurations, formerName, qualifiedName } from './names';

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
    readonly renamedFrom?: string;
    readonly columnsRenamedFrom?: FormerColumns<NoInfer<G> | (keyof NoInfer<S> & string)>;
  },
): ContinuousAggregate<'bucket' | G | (keyof S & string), G> {
  const { startOffset, endOffset, every } = spec.refresh;
  checkDurations(name, spec.bucket, startOffset, endOffset, every, spec.columnstore?.after, spec.retention);
  return Object.freeze({
    ...spec,
    kind: 'aggregate',
    ...qualifiedName(name),
    ...formerName(name, spec.renamedFrom),
    time: 'bucket',
    columnNames: ['bucket', ...spec.groupBy, ...Object.keys(spec.select)] as (
      | 'bucket'
      | G
      | (keyof S & string)
    )[],
  });
}

/** Which part of a continuous aggregate is refreshed, and how often. The offsets count back from now. */
export interface RefreshPolicy {
  readonly startOffset: Duration;
  readonly endOffset: Duration;
  readonly every: Duration;
}

/** A continuous aggregate as declared, with its columns `C`, of which it groups by `G`; its time column is always called `bucket`. */
export interface ContinuousAggregate<C extends string = string, G extends string = string> {
  readonly kind: 'aggregate';
  readonly schema: string;
  readonly name: string;
  readonly from: Relation;
  readonly bucket: Duration;
  readonly groupBy: readonly G[];
  readonly select: Readonly<Record<string, Expression>>;
  readonly columnNames: readonly C[];
  readonly time: 'bucket';
  /** Whether queries also see rows that are newer than the last refresh. */
  readonly realTime: boolean;
  readonly refresh: RefreshPolicy;
  readonly columnstore?: Columnstore<C>;
  readonly retention?: Duration;
  /** The name that it had before. Where an aggregate with that name exists, it is renamed; afterwards this changes nothing. */
  readonly renamedFrom?: string;
  /** The names that its columns had before. A column of `groupBy` follows the column of its source and need not be named. */
  readonly columnsRenamedFrom?: FormerColumns;
}

/** Former names by present name: `{ total_value: 'total' }`. */
export type FormerColumns<C extends string = string> = Readonly<Partial<Record<C, string>>>;

/** Any object that an aggregate can be built on. */
export type Relation<C extends string = string> = Hypertable<C> | ContinuousAggregate<C>;

/** The column names of a declared relation, as a type. */
export type ColumnOf<R> = R extends { readonly columnNames: readonly (infer C extends string)[] } ? C : never;
