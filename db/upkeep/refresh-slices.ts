// Finds what of an aggregate may be refreshed, and cuts it into slices that hold some buckets with rows each.
import { ident, interval, relation } from '../core/sql';
import { materializationOf } from '../engines/materialization';
import type { ContinuousAggregate } from '../language/aggregate';
import { lengthOf } from '../language/interval';
import type { Db, EngineName } from '../model';
import { isoText } from '../server/ask';

/** What part of time is refreshed. */
export interface RefreshWindow {
  /** Inclusive start; absent = from the beginning. */
  readonly from?: Date;
  /** Exclusive end, rounded up to whole buckets but never past now; absent = now. */
  readonly to?: Date;
}

/** A range on whole buckets, ISO 8601; `from` may be `-infinity`. */
export interface Bounds {
  readonly from: string;
  readonly to: string;
}

/** What of a window may be refreshed. */
export interface SafeBounds {
  /** ISO 8601; nulls when that is no complete bucket. */
  readonly from: string | null;
  readonly to: string | null;
  /** Set when the start was moved up: buckets before it exist, and their source rows are past retention. */
  readonly keptBefore: string | null;
}

/** Looks at one aggregate. Every answer reads the clock anew: retention goes on while a long refresh runs. */
export interface Slices {
  /** What of a window may be refreshed; nulls when that is no complete bucket. */
  bounds(window: RefreshWindow): Promise<SafeBounds>;
  /** The slice that begins a range; undefined when nothing of it may be refreshed any more. */
  lowest(from: string, to: string): Promise<Bounds | undefined>;
  /** The slice that ends a range. */
  highest(from: string, to: string): Promise<Bounds | undefined>;
  /** The first bucket before `to` that has rows; `to` when none has. */
  firstRow(to: string): Promise<string>;
  countBuckets(fromMs: number, toMs: number): number;
}

/** @throws DatabaseError when the aggregate does not exist. */
export async function openSlices(
  db: Db,
  engine: EngineName,
  aggregate: ContinuousAggregate,
  batch: number | undefined,
): Promise<Slices> {
  const stored = ident(...(await materializationOf(db, engine, aggregate)));
  const { from: origin } = aggregate;
  // Of an aggregate the stored buckets: what its view adds needs no slices, it is the last stretch.
  const [source, time] =
    origin.kind === 'aggregate'
      ? [ident(...(await materializationOf(db, engine, origin))), ident('bucket')]
      : [relation(origin), ident(origin.time)];
  const width = interval(aggregate.bucket);
  const bucket = (expression: string): string => `public.time_bucket(${width}, ${expression})`;
  // Rows of the source, and stored buckets whose rows are gone: those a refresh removes.
  const extreme = (pick: 'min' | 'max', of: string): string =>
    `${pick === 'min' ? 'least' : 'greatest'}((SELECT ${bucket(`${pick}(${time})`)} FROM ${source} WHERE ${time} >= ${of}.lower AND ${time} < ${of}.upper),
       (SELECT ${pick}("bucket") FROM ${stored} WHERE "bucket" >= ${of}.lower AND "bucket" < ${of}.upper))`;

  const cut = async (pick: 'min' | 'max', from: string, to: string): Promise<Bounds | undefined> => {
    const size = `${batch ?? 1} * ${width}`;
    const whole = batch === undefined ? 'true' : 'row_at IS NULL';
    const { rows } = await db.query<Bounds>(
      `${safeRange(aggregate, stored, 'SELECT $1::timestamptz AS lower, $2::timestamptz AS upper')},
       found AS (SELECT lower, upper, ${batch === undefined ? 'NULL::timestamptz' : extreme(pick, 'b')} AS row_at FROM bounds b WHERE lower < upper),
       cut AS (SELECT CASE WHEN ${pick === 'min' ? 'true' : whole} THEN lower ELSE greatest(lower, row_at + ${width} - ${size}) END AS lower,
                      CASE WHEN ${pick === 'max' ? 'true' : whole} THEN upper ELSE least(upper, row_at + ${size}) END AS upper
                 FROM found)
       SELECT ${boundText('lower')} AS "from", ${boundText('upper')} AS "to" FROM cut`,
      [from, to],
    );
    return rows[0];
  };

  return {
    async bounds({ from, to }) {
      const { rows } = await db.query<SafeBounds>(
        `${safeRange(aggregate, stored, askedRange(bucket, width))}
         SELECT CASE WHEN lower < upper THEN ${boundText('lower')} END AS "from",
                CASE WHEN lower < upper THEN ${boundText('upper')} END AS "to",
                ${boundText('horizon')} AS "keptBefore"
           FROM bounds`,
        [from?.toISOString() ?? '-infinity', to?.toISOString() ?? 'infinity'],
      );
      return rows[0] as SafeBounds;
    },
    lowest: (from, to) => cut('min', from, to),
    highest: (from, to) => cut('max', from, to),
    async firstRow(to) {
      const { rows } = await db.query<{ first: string }>(
        `SELECT ${boundText(`coalesce(${extreme('min', 'b')}, upper)`)} AS first
           FROM (SELECT '-infinity'::timestamptz AS lower, $1::timestamptz AS upper) b`,
        [to],
      );
      return rows[0]?.first ?? to;
    },
    countBuckets: (fromMs, toMs) => Math.round(((toMs - fromMs) * 1_000) / lengthOf(aggregate.bucket)),
  };
}

const askedRange = (bucket: (time: string) => string, width: string): string => `
  SELECT CASE WHEN isfinite($1::timestamptz) THEN ${bucket('$1::timestamptz')} ELSE '-infinity' END AS lower,
         least(CASE WHEN isfinite($2::timestamptz) THEN ${bucket('$2::timestamptz')} + ${width} ELSE 'infinity' END, ${bucket('now()')}) AS upper`;

/** `WITH … bounds (lower, upper, horizon)`: the asked range without stored buckets whose source rows are past retention. */
function safeRange({ from, bucket }: ContinuousAggregate, stored: string, asked: string): string {
  const width = interval(bucket);
  // The first bucket whose source rows are all younger than the source's retention.
  const horizon =
    from.retention === undefined
      ? `'-infinity'::timestamptz`
      : `public.time_bucket(${width}, now() - ${interval(from.retention)}) + ${width}`;
  // Kept up to the last stored bucket only: what comes after it was never computed, as after a fill that was interrupted.
  return `
    WITH asked AS (SELECT a.*, ${horizon} AS horizon FROM (${asked}) a),
    kept AS (
      SELECT lower, upper, (SELECT max("bucket") FROM ${stored} WHERE "bucket" >= lower AND "bucket" < least(upper, horizon)) + ${width} AS ending, horizon
        FROM asked
    ), bounds AS (
      SELECT greatest(lower, least(ending, horizon)) AS lower, upper, least(ending, horizon) AS horizon
        FROM (SELECT lower, upper, ending, CASE WHEN ending IS NOT NULL THEN horizon END AS horizon FROM kept) k
    )`;
}

// Infinite bounds are written as PostgreSQL writes them.
const boundText = (column: string): string => `coalesce(${isoText(column)}, ${column}::text)`;
