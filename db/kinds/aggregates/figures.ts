// Reads how much a change of aggregates would have to read, and which buckets it could not compute again.
import { ident, interval, literal } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { isoText } from '../../server/ask';
import { NOTHING, readTableSizes } from '../../server/table-size';
import type { AggregateDialect, Changing, Figures } from './model';

interface FigureRow extends Omit<Figures, 'impact'> {
  readonly name: string;
}

/** The figures of all aggregates that change, by name, in two statements. */
export async function readFigures(
  db: Db,
  dialect: AggregateDialect,
  changing: readonly Changing[],
): Promise<ReadonlyMap<string, Figures>> {
  const present = changing.filter(({ state }) => state !== undefined);
  if (present.length === 0) return new Map();
  const { rows } = await db.query<FigureRow>(
    present.map((one) => figureQuery(dialect, one)).join(' UNION ALL '),
  );
  const sizes = await readTableSizes(
    db,
    dialect.engine,
    present.map(({ origin }) => origin),
  );
  return new Map(
    rows.map(({ name, ...lost }) => {
      const origin = present.find(({ aggregate }) => nameOf(aggregate) === name)?.origin;
      const { chunks, rows: count, bytes } = (origin && sizes.get(nameOf(origin))) ?? NOTHING;
      return [name, { ...lost, impact: { chunks, rows: count, bytes } }];
    }),
  );
}

function figureQuery(dialect: AggregateDialect, changing: Changing): string {
  return `SELECT ${literal(nameOf(changing.aggregate))} AS name, lost.buckets AS lost, ${isoText('lost.first')} AS "lostFrom", ${isoText('lost.until')} AS "lostTo",
      (SELECT count(DISTINCT "bucket")::int FROM ${storedTable(changing)} WHERE "bucket" < lost.until) AS before
    FROM (${lostBuckets(dialect, changing)}) lost`;
}

/**
 * A query with one row about the stored buckets whose source rows are gone: `buckets`, `first`, `until`.
 * The rows of a bucket are gone if the source covers no part of it. If the source covers only a part, they count as gone when
 * the bucket follows directly after such a bucket, or when the source's retention has reached its start. Otherwise the
 * uncovered part never had rows.
 */
export function lostBuckets(dialect: AggregateDialect, changing: Changing): string {
  const width = storedWidth(changing);
  const span = `tstzrange(s.b, s.b + ${width})`;
  const { retention } = changing.origin;
  const expired = retention === undefined ? 'false' : `s.b < now() - ${interval(retention)}`;
  return `WITH covered AS (
      SELECT coalesce(range_agg(range), '{}'::tstzmultirange) AS m FROM (${dialect.coverage(changing)}) ranges
    ), reach AS (
      SELECT CASE WHEN isempty(m) THEN m ELSE m + tstzmultirange(tstzrange(upper(m), NULL)) END AS m FROM covered
    ), s AS (
      SELECT DISTINCT "bucket" AS b FROM ${storedTable(changing)}
    ), gone AS (
      SELECT max(s.b) AS b FROM s, reach WHERE NOT m && ${span}
    )
    SELECT count(*)::int AS buckets, min(s.b) AS first, max(s.b) + ${width} AS until
      FROM s, reach, gone
     WHERE NOT m && ${span}
        OR (NOT m @> ${span} AND (${expired} OR s.b = (SELECT min(t.b) FROM s t WHERE t.b > gone.b)))`;
}

const storedTable = ({ state, aggregate }: Changing): string =>
  state === undefined
    ? ident(aggregate.schema, aggregate.name)
    : ident(state.stored.schema, state.stored.name);

const storedWidth = ({ state, aggregate }: Changing): string => interval(state?.width ?? aggregate.bucket);
