// What is to be stored: the rate and the time that were asked for, and the shape of a declared table with its aggregates.
import { UsageError } from '../../db/core/errors';
import type { ContinuousAggregate, Relation } from '../../db/language/aggregate';
import { type Column, float8, text, timestamptz } from '../../db/language/columns';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { desc, index } from '../../db/language/indexes';
import { parseDuration } from '../../db/language/interval';
import { lengthBounds } from '../../db/language/interval-bounds';
import { nameOf } from '../../db/language/names';
import { type Range, sum } from './range';
import { indexBytes, rowBytes } from './storage';

/** Times are in seconds. */
export interface Workload {
  readonly rowsPerSecond: number;
  readonly keep: number;
  /** Sensors, devices, customers: what an aggregate has one row for in each bucket. */
  readonly series: number;
  readonly table: SizedTable;
}

/** A table, as far as its size depends on it. */
export interface SizedTable {
  readonly name: string;
  /** Bytes of a row, and of its entries in all indexes. */
  readonly heap: Range;
  readonly indexes: Range;
  readonly indexCount: number;
  /** Bytes of a row in the columnstore; null when only its usual share of the row is known. */
  readonly column: Range | null;
  /** Where these figures come from, for people. */
  readonly from: string;
  readonly chunk: number;
  /** Age at which a chunk is converted; null without a columnstore. */
  readonly convertAfter: number | null;
  readonly aggregates: readonly SizedAggregate[];
}

export interface SizedAggregate {
  readonly name: string;
  readonly bucket: number;
  readonly keep: number;
  readonly keptForEver: boolean;
  /** One row for each series, or one for all. */
  readonly perSeries: boolean;
  /** Bytes of a row with its index entries. */
  readonly row: Range;
  /** How many times a raw row is computed while it is in the window of the refreshes; null when another aggregate is the source. */
  readonly computed: number | null;
}

/** What is planned for buckets that are kept for ever. */
const EVER = 10 * 366 * 86_400;

/** A declared duration in seconds; months and years are as long as they can be. */
export const seconds = (duration: string): number => lengthBounds(parseDuration(duration)).longest / 1e6;

/**
 * The declared hypertable of this name, or the first one.
 * @throws UsageError when there is none.
 */
export function findTable({ hypertables }: Desired, name: string | undefined): Hypertable {
  const found =
    name === undefined ? hypertables[0] : hypertables.find((one) => [nameOf(one), one.name].includes(name));
  if (found !== undefined) return found;
  throw new UsageError(
    `${name ?? 'nothing'} is not a declared hypertable; choose from ${hypertables.map(nameOf).join(', ')}, or select its set with TSDB_SCHEMAS`,
  );
}

/** The shape of a table, computed from its declaration. */
export function sizedTable(table: Hypertable, { aggregates }: Pick<Desired, 'aggregates'>): SizedTable {
  const columns = table.columnNames.map((name) => table.columns[name] as Column);
  return {
    name: nameOf(table),
    heap: rowBytes(columns),
    indexes: sum(...table.indexes.map((one) => indexBytes(one, table.columns, table.time))),
    indexCount: table.indexes.length,
    column: null,
    from: 'the declared columns and indexes in PostgreSQL’s page format; texts of about ten characters',
    chunk: seconds(table.chunkInterval),
    convertAfter: table.columnstore === undefined ? null : seconds(table.columnstore.after),
    aggregates: aggregates.filter((one) => sourceOf(one) === table).map((one) => sizedAggregate(one, table)),
  };
}

function sizedAggregate(aggregate: ContinuousAggregate, table: Hypertable): SizedAggregate {
  const { bucket, groupBy, select, retention, refresh, from } = aggregate;
  const groups = Object.fromEntries(groupBy.map((name) => [name, table.columns[name] ?? text()]));
  const columns: Readonly<Record<string, Column>> = { bucket: timestamptz(), ...groups };
  // Averages, sums, counts and extremes are numbers of eight bytes.
  const figures = Object.keys(select).map(() => float8());
  const keys = groupBy.length > 0 ? [index(...groupBy, desc('bucket'))] : [];
  return {
    name: nameOf(aggregate),
    bucket: seconds(bucket),
    keep: retention === undefined ? EVER : seconds(retention),
    keptForEver: retention === undefined,
    perSeries: groupBy.length > 0,
    row: sum(
      rowBytes([...Object.values(columns), ...figures]),
      ...[index(desc('bucket')), ...keys].map((one) => indexBytes(one, columns, 'bucket')),
    ),
    computed: from.kind === 'hypertable' ? seconds(refresh.startOffset) / seconds(refresh.every) : null,
  };
}

const sourceOf = (relation: Relation): Hypertable =>
  relation.kind === 'hypertable' ? relation : sourceOf(relation.from);
