// The history guard: finds the stored buckets whose source rows are not all there any more. Computing such a bucket again would
// lose what it holds, so every path that writes an aggregate asks here first.
import { ident, interval } from '../../core/sql';
import type { StoredAggregate } from './model';
import { type QueryShape, queryShape, withBounds } from './query-shape';

/** Which buckets are looked at, and how. */
export interface HistoryQuestion {
  /** Stored aggregates by name, to find out which columns of a source are counts. */
  readonly states: ReadonlyMap<string, StoredAggregate>;
  /** SQL expressions for the first bucket and the end of the last one. */
  readonly lower: string;
  readonly upper: string;
  /** An expression for a range: other buckets are compared, but not counted. Absent means all. */
  readonly within?: string;
  /** An expression for a time: buckets before it count as gone, because their source rows may be dropped at any moment. */
  readonly expired?: string;
  /** A query for a multirange: times for which the source itself is about to lose rows. */
  readonly spoiled?: string;
  /**
   * What counts as a loss when an aggregate without a count differs from its source. After late rows it differs too, so an
   * ordinary refresh must be `lenient`; whatever replaces or fills stored buckets is `strict`.
   */
  readonly unknown: 'strict' | 'lenient';
}

/** All stored buckets. */
export const EVER = { lower: `'-infinity'`, upper: `'infinity'` } as const;

/**
 * A query with one row about the stored buckets of a range whose source rows are gone:
 * - `rows`, `buckets`: how many stored rows lose source rows, and in how many buckets they are;
 * - `first`, `until`: start of the first such bucket and end of the last one; NULL when there is none;
 * - `times`: a multirange of these buckets, never NULL; `kept`: all stored rows in it;
 * - `unsure`: how many of the other stored rows are gone if a chunk that reaches beyond the range is tainted.
 *
 * | stored row | source rows now | the source rows are |
 * |---|---|---|
 * | any | none with its keys | gone |
 * | with a count | fewer than counted | gone |
 * | with a count | as many, or more | all there, except in a tainted chunk when there are more |
 * | without a count | give the same values | all there |
 * | without a count | give other values | unknown: gone when `strict`, or in a tainted chunk |
 * | whose counts were added later and never filled | give other values | unknown: gone, because a fill may have left it out |
 *
 * A count of all rows is believed before counts of some of them, which an update of a row can lower.
 * A chunk of the source is tainted when any stored row in its time lost source rows: somebody dropped the chunk or deleted in it,
 * and rows that came later may look like the ones before.
 */
export function goneBuckets(
  aggregate: StoredAggregate,
  { states, lower, upper, within, expired, spoiled, unknown }: HistoryQuestion,
): string {
  const shape = shapeOf(aggregate, states);
  const time = `tstzrange("bucket", "bucket" + ${interval(aggregate.width)})`;
  const { fewer, same, isUncounted } = evidence(shape);
  const isUnknown = shape.counts.length === 0 ? String(unknown === 'strict') : 'c.uncounted';
  const others = [
    ...(spoiled === undefined ? [] : [`(${spoiled}) && ${time}`]),
    ...(expired === undefined ? [] : [`"bucket" < ${expired}`]),
  ];
  return `WITH compared AS MATERIALIZED (
      SELECT "bucket", count(*) FILTER (WHERE stored) AS stored_rows,
             count(*) FILTER (WHERE NOT stored) = 0 OR ${fewer} AS fewer, ${same} AS same, ${isUncounted} AS uncounted
        FROM (${bothSides(aggregate, shape, lower, upper)}) both_sides
       GROUP BY ${['"bucket"', ...shape.keys.map(asKey)].join(', ')} HAVING bool_or(stored)
    ), holes AS MATERIALIZED (
      SELECT coalesce(range_agg(${time}), '{}') AS times FROM compared WHERE fewer
    ), tainted AS MATERIALIZED (
      SELECT coalesce(range_agg(k.range), '{}') AS times FROM holes, (${aggregate.sourceChunks}) k WHERE k.range && holes.times
    ), gone AS MATERIALIZED (
      SELECT c.* FROM compared c, tainted
       WHERE ${within === undefined ? '' : `"bucket" <@ ${within} AND `}(${['c.fewer', `(NOT c.same AND (${isUnknown} OR tainted.times && ${time}))`, ...others].join(' OR ')})
    ), lost AS MATERIALIZED (
      SELECT count(DISTINCT "bucket")::int AS buckets, coalesce(sum(stored_rows), 0)::int AS rows,
             min("bucket") AS first, max("bucket") + ${interval(aggregate.width)} AS until,
             coalesce(range_agg(${time}), '{}') AS times
        FROM gone
    )
    SELECT lost.*, (SELECT coalesce(sum(c.stored_rows), 0)::int FROM compared c WHERE lost.times @> c."bucket") AS kept,
           (SELECT count(*)::int FROM compared c WHERE NOT c.same AND NOT lost.times @> c."bucket") AS unsure
      FROM lost`;
}

/** Which columns of a stored aggregate are groups and which are counts; a sum of counts of its source is a count. */
export function shapeOf(
  aggregate: StoredAggregate,
  states: ReadonlyMap<string, StoredAggregate>,
): QueryShape {
  const source = states.get(aggregate.source);
  return queryShape(aggregate.query, source && shapeOf(source, states));
}

// The columns of both sides, whatever they are called in the aggregate.
const asKey = (_: string, at: number): string => `key_${at}`;
const asCount = (_: string, at: number): string => `count_${at}`;
const asValue = (_: string, at: number): string => `value_${at}`;

// Values are read only where no count tells enough: what is stored without any is compared with them as well.
function bothSides(
  { stored, recompute }: StoredAggregate,
  { keys, counts, values }: QueryShape,
  lower: string,
  upper: string,
): string {
  const nothing = (names: readonly string[]): readonly string[] => names.map(() => 'NULL');
  const rows = `FROM ${ident(stored.schema, stored.name)} WHERE "bucket" >= ${lower} AND "bucket" < ${upper}`;
  const computed = `FROM (${withBounds(recompute, lower, upper)}) computed`;
  const texts = values.map(asText);
  const isUncounted = counts.map((count) => `${count} IS NULL`).join(' AND ');
  const storedTexts =
    counts.length === 0 ? texts : texts.map((text) => `CASE WHEN ${isUncounted} THEN ${text} END`);
  const side = (isStored: boolean, columns: readonly string[], from: string): string =>
    `SELECT ${[isStored, '"bucket"', ...keys, ...columns].join(', ')} ${from}`;
  const sides = [
    side(true, [...counts, ...storedTexts], rows),
    ...(counts.length === 0 ? [] : [side(false, [...counts, ...nothing(values)], computed)]),
    ...(counts.length === 0 ? [side(false, texts, computed)] : []),
    ...(counts.length > 0 && values.length > 0
      ? [
          side(
            false,
            [...nothing(counts), ...texts],
            // Not EXISTS: Citus takes that for a join, and refuses one that does not name the column of the distribution.
            `${computed} WHERE (SELECT true ${rows} AND ${isUncounted} LIMIT 1)`,
          ),
        ]
      : []),
  ];
  const names = ['stored', '"bucket"', ...keys.map(asKey), ...counts.map(asCount), ...values.map(asValue)];
  return `SELECT * FROM (${sides.join(' UNION ALL ')}) sides (${names.join(', ')})`;
}

interface Evidence {
  /** Whether source rows are certainly missing. */
  readonly fewer: string;
  /** Whether they are certainly all there. */
  readonly same: string;
  /** Whether no count is stored. A count that is NULL was added later and has not been filled; it tells nothing. */
  readonly isUncounted: string;
}

function evidence({ counts, rowCounts, values }: QueryShape): Evidence {
  const stored = (count: string): string => `sum(${count}) FILTER (WHERE stored)`;
  const computed = (count: string): string => `coalesce(sum(${count}) FILTER (WHERE NOT stored), 0)`;
  const isKnown = (some: readonly string[]): string => `coalesce(${some.map(stored).join(', ')}) IS NOT NULL`;
  const isRow = (name: string): boolean => rowCounts.includes(name);
  const columns = counts.map((name, at) => ({ name, column: asCount(name, at) }));
  const ranks = [
    columns.filter(({ name }) => isRow(name)).map(({ column }) => column),
    columns.filter(({ name }) => !isRow(name)).map(({ column }) => column),
  ].filter((some) => some.length > 0);
  const byRank = (of: (some: readonly string[]) => string, otherwise: string): string =>
    ranks.length === 0
      ? otherwise
      : `CASE ${ranks.map((some) => `WHEN ${isKnown(some)} THEN ${of(some)}`).join(' ')} ELSE ${otherwise} END`;
  return {
    fewer: byRank(
      (some) =>
        `coalesce(${some.map((count) => `${stored(count)} > ${computed(count)}`).join(' OR ')}, false)`,
      'false',
    ),
    same: byRank(
      (some) => some.map((count) => `coalesce(${stored(count)} = ${computed(count)}, true)`).join(' AND '),
      values.map(asValue).map(isAmong).join(' AND ') || 'true',
    ),
    isUncounted: byRank(() => 'false', 'true'),
  };
}

// A value that is NULL in the stored row was added later or has no rows.
const isAmong = (value: string): string =>
  `coalesce(array_agg(${value}) FILTER (WHERE stored AND ${value} IS NOT NULL)
            <@ coalesce(array_agg(${value}) FILTER (WHERE NOT stored AND ${value} IS NOT NULL), '{}'), true)`;

// Sums of floating-point numbers differ in the last digits by the order of the rows.
const asText = (value: string): string =>
  `CASE WHEN pg_typeof(${value})::text IN ('double precision', 'real') THEN to_char(${value}::text::float8, '9.99999999EEEE') ELSE ${value}::text END`;
