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
 *
 * A chunk of the source is tainted when any stored row in its time lost source rows: somebody dropped the chunk or deleted in it,
 * and rows that came later may look like the ones before.
 */
export function goneBuckets(
  aggregate: StoredAggregate,
  { states, lower, upper, within, expired, spoiled, unknown }: HistoryQuestion,
): string {
  const { keys, counts, values } = shapeOf(aggregate, states);
  const columns = ['"bucket"', ...keys, ...(counts.length > 0 ? counts : values)].join(', ');
  const shown = ['"bucket"', ...keys, ...(counts.length > 0 ? counts : values.map(asText))].join(', ');
  const time = `tstzrange("bucket", "bucket" + ${interval(aggregate.width)})`;
  const { fewer, same } = counts.length > 0 ? byCounts(counts) : byValues(values);
  const isUnknown = counts.length === 0 && unknown === 'strict' ? 'true' : `tainted.times && ${time}`;
  const others = [
    ...(spoiled === undefined ? [] : [`(${spoiled}) && ${time}`]),
    ...(expired === undefined ? [] : [`"bucket" < ${expired}`]),
  ];
  return `WITH compared AS MATERIALIZED (
      SELECT "bucket", count(*) FILTER (WHERE stored) AS stored_rows,
             count(*) FILTER (WHERE NOT stored) = 0 OR ${fewer} AS fewer, ${same} AS same
        FROM (SELECT true AS stored, ${columns} FROM (SELECT ${shown} FROM ${ident(aggregate.stored.schema, aggregate.stored.name)}
                                                       WHERE "bucket" >= ${lower} AND "bucket" < ${upper}) s (${columns})
               UNION ALL
              SELECT false, ${columns} FROM (SELECT ${shown} FROM (${withBounds(aggregate.recompute, lower, upper)}) q) c (${columns})) both_sides
       GROUP BY ${['"bucket"', ...keys].join(', ')} HAVING bool_or(stored)
    ), holes AS MATERIALIZED (
      SELECT coalesce(range_agg(${time}), '{}') AS times FROM compared WHERE fewer
    ), tainted AS MATERIALIZED (
      SELECT coalesce(range_agg(k.range), '{}') AS times FROM holes, (${aggregate.sourceChunks}) k WHERE k.range && holes.times
    ), gone AS MATERIALIZED (
      SELECT c.* FROM compared c, tainted
       WHERE ${within === undefined ? '' : `"bucket" <@ ${within} AND `}(${['c.fewer', `(NOT c.same AND (${isUnknown}))`, ...others].join(' OR ')})
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
  return queryShape(aggregate.query, source && shapeOf(source, states).counts);
}

interface Evidence {
  /** Whether source rows are certainly missing. */
  readonly fewer: string;
  /** Whether they are certainly all there. */
  readonly same: string;
}

// A count that is NULL in the stored row was added later and has not been filled; it tells nothing.
function byCounts(counts: readonly string[]): Evidence {
  const stored = (count: string): string => `sum(${count}) FILTER (WHERE stored)`;
  const computed = (count: string): string => `sum(${count}) FILTER (WHERE NOT stored)`;
  return {
    fewer: `coalesce(${counts.map((count) => `${stored(count)} > ${computed(count)}`).join(' OR ')}, false)`,
    same: `coalesce(${counts.map((count) => `${stored(count)} = ${computed(count)}`).join(' AND ')}, false)`,
  };
}

function byValues(values: readonly string[]): Evidence {
  const among = (value: string): string =>
    `coalesce(array_agg(${value}) FILTER (WHERE stored AND ${value} IS NOT NULL) <@ array_agg(${value}) FILTER (WHERE NOT stored), true)`;
  return { fewer: 'false', same: values.map(among).join(' AND ') || 'true' };
}

// Sums of floating-point numbers differ in the last digits by the order of the rows.
const asText = (value: string): string =>
  `CASE WHEN pg_typeof(${value})::text IN ('double precision', 'real') THEN to_char(${value}::text::float8, '9.99999999EEEE') ELSE ${value}::text END`;
