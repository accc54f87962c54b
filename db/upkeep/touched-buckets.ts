// Finds the stored buckets that some rows of a table are in, at every level, and computes them again.
import { ident, interval } from '../core/sql';
import type { StoredWithSources } from '../engines/stored-aggregates';
import type { Db } from '../model';
import type { Bounds } from './history-guard';

/** Rows of a table: a condition with placeholders, and their values. */
export interface Rows {
  /** Quoted. */
  readonly table: string;
  /** Quoted. */
  readonly time: string;
  readonly condition: string;
  readonly values: readonly unknown[];
}

/** The buckets of an aggregate that some rows are in. */
export interface Touched {
  readonly level: StoredWithSources;
  /** Those that are stored, as a multirange: from the watermark on, nothing is. */
  readonly times: string;
  /** The same as ranges in order, each of one or more whole buckets. */
  readonly ranges: readonly Bounds[];
  readonly buckets: number;
}

/** The buckets of each level; every aggregate comes after the one that it reads. */
export async function touchedBuckets(
  db: Db,
  rows: Rows,
  levels: readonly StoredWithSources[],
): Promise<readonly Touched[]> {
  // Buckets of coarser levels follow from those of the finer ones. That the newest of these are not stored makes no difference.
  const all = new Map<string, string>();
  const touched: Touched[] = [];
  for (const level of levels) {
    const { name, source, width: text, watermark } = level.aggregate;
    const width = interval(text);
    const bucket = (time: string): string => `public.time_bucket(${width}, ${time})`;
    const below = all.get(source);
    const buckets =
      below === undefined
        ? `SELECT DISTINCT ${bucket(rows.time)} AS start, ${bucket(rows.time)} + ${width} AS stop FROM ${rows.table} WHERE ${rows.condition}`
        : `SELECT ${bucket('lower(r)')} AS start, ${bucket(`upper(r) - interval '1 microsecond'`)} + ${width} AS stop FROM unnest($1::tstzmultirange) r`;
    const found = await db.query<{ all: string }>(
      `SELECT coalesce(range_agg(tstzrange(b.start, b.stop)), '{}')::text AS all FROM (${buckets}) b`,
      below === undefined ? [...rows.values] : [below],
    );
    const every = found.rows[0]?.all ?? '{}';
    // By itself: beside a distributed table, Citus would look for the watermark on the servers that have the rows.
    const complete = await db.query<{ stored: string }>(
      `SELECT ($1::tstzmultirange * tstzmultirange(tstzrange(NULL, ${watermark})))::text AS stored`,
      [every],
    );
    const times = complete.rows[0]?.stored ?? '{}';
    all.set(name, every);
    const parts = await db.query<Bounds & { buckets: number }>(
      `WITH stored AS MATERIALIZED (
         SELECT DISTINCT "bucket" FROM ${storedIn(level)} WHERE "bucket" >= lower($1::tstzmultirange) AND "bucket" < upper($1::tstzmultirange)
       )
       SELECT lower(r)::text AS "from", upper(r)::text AS "to",
              (SELECT count(*)::int FROM stored WHERE "bucket" >= lower(r) AND "bucket" < upper(r)) AS buckets
         FROM unnest($1::tstzmultirange) r ORDER BY r`,
      [times],
    );
    const ranges = parts.rows.map(({ from, to }) => ({ from, to }));
    touched.push({ level, times, ranges, buckets: parts.rows.reduce((sum, part) => sum + part.buckets, 0) });
  }
  return touched;
}

// More ranges than this are read as one, because each of them costs some queries.
const MOST_SPANS = 32;

/** Few ranges as they are, and many as one from the first to the last. */
export function spansOf(ranges: readonly Bounds[]): readonly Bounds[] {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined || ranges.length <= MOST_SPANS) return ranges;
  return [{ from: first.from, to: last.to }];
}

/** Computes the buckets again from the rows that their source has now. */
export async function recompute(db: Db, { level, times, ranges }: Touched): Promise<void> {
  const { recompute: query } = level.aggregate;
  const [first] = ranges;
  if (first === undefined) return;
  const { fields } = await db.query(`SELECT * FROM (${query}) computed LIMIT 0`, [first.from, first.from]);
  const columns = fields.map(({ name }) => ident(name)).join(', ');
  for (const { from, to } of spansOf(ranges)) {
    const values = [from, to, times];
    // Materialised, because TimescaleDB cannot plan a multirange as a condition on time_bucket().
    await db.query(
      `DELETE FROM ${storedIn(level)} WHERE "bucket" >= $1::timestamptz AND "bucket" < $2::timestamptz AND "bucket" <@ $3::tstzmultirange`,
      values,
    );
    await db.query(
      `WITH computed AS MATERIALIZED (${query}) INSERT INTO ${storedIn(level)} (${columns}) SELECT ${columns} FROM computed WHERE "bucket" <@ $3::tstzmultirange`,
      values,
    );
  }
}

const storedIn = ({ aggregate: { stored } }: StoredWithSources): string => ident(stored.schema, stored.name);
