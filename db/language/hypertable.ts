// Hypertables as declared: columns, chunks, indexes, columnstore and retention. The compiler checks the column names.
import type { RowPolicy } from './access';
import type { Column } from './columns';
import { type Index, type SortKey, uniqueIndex } from './indexes';
import { checkIngest, checkUnique, type Ingest, type UniqueRows } from './ingest';
import type { Duration } from './interval';
import { checkDurations, formerName, qualifiedName } from './names';

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
    readonly distributeBy?: NoInfer<C>;
    readonly chunkSkipping?: readonly NoInfer<C>[];
    readonly indexes?: readonly Index<NoInfer<C>>[];
    readonly unique?: UniqueRows<NoInfer<C>>;
    readonly ingest?: Ingest<NoInfer<C>>;
    readonly reorder?: Index<NoInfer<C>>;
    readonly rowSecurity?: readonly RowPolicy[];
    readonly columnstore?: Columnstore<NoInfer<C>>;
    readonly retention?: Duration;
    readonly renamedFrom?: string;
  },
): Hypertable<C> {
  checkDurations(name, spec.chunkInterval, spec.columnstore?.after, spec.retention);
  checkIngest(name, spec.columns, spec.ingest);
  checkUnique(name, spec.columns, spec);
  return Object.freeze({
    ...spec,
    kind: 'hypertable',
    ...qualifiedName(name),
    ...formerName(name, spec.renamedFrom),
    columnNames: Object.keys(spec.columns) as C[],
    indexes: [...(spec.unique ? [uniqueIndex(...spec.unique.columns)] : []), ...(spec.indexes ?? [])],
  });
}

/** Hash partitions in addition to the time ranges; they keep rows with the same value together. */
export interface HashPartitions<C extends string = string> {
  readonly by: C;
  readonly count: number;
}

/** Columnstore (compression) of a hypertable. */
export interface Columnstore<C extends string = string> {
  readonly segmentBy: readonly C[];
  readonly orderBy: readonly SortKey<C>[];
  /** Age at which a chunk is converted. */
  readonly after: Duration;
  /** Confirms that late rows are expected: rows and refreshes may still write to converted chunks (silences lint rule TS008). */
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
  /**
   * On engine `citus`: the column whose value decides on which server a row is. Every unique key must have it. Absent means
   * `hash.by`, or the first column of `segmentBy` that all unique keys have; without such a column the rows stay on the coordinator.
   */
  readonly distributeBy?: C;
  /** Whole-number or time columns. The server keeps their range for each converted chunk, so that queries can skip chunks. */
  readonly chunkSkipping?: readonly C[];
  /** The index of `unique` is among them. */
  readonly indexes: readonly Index<C>[];
  /** The key of the rows, and what writers do with a row whose key is there already. */
  readonly unique?: UniqueRows<C>;
  /** How points of line protocol, Prometheus and OpenTelemetry become rows. */
  readonly ingest?: Ingest<C>;
  /** One of the indexes. Chunks that are no longer written to are rewritten in its order. */
  readonly reorder?: Index<C>;
  /** Declaring policies turns row-level security on. It excludes a columnstore and continuous aggregates. */
  readonly rowSecurity?: readonly RowPolicy[];
  readonly columnstore?: Columnstore<C>;
  /** Age at which chunks are dropped; absent means never. */
  readonly retention?: Duration;
  /** The name that the table had before. Where a table with that name exists, it is renamed; afterwards this changes nothing. */
  readonly renamedFrom?: string;
}
