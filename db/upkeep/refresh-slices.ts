// Finds the range of an aggregate that may be refreshed, and divides it into slices with a limited number of buckets that have rows.
import { ident, interval, relation } from '../core/sql';
import { materializationOf } from '../engines/materialization';
import type { ContinuousAggregate } from '../language/aggregate';
import { lengthOf } from '../language/interval';
import type { Db, EngineName } from '../model';
import { isoText } from '../server/ask';

/** The time range to refresh. */
export interface RefreshWindow {
  /** Inclusive start; absent means from the beginning. */
  readonly from?: Date;
  /** Exclusive end, rounded up to whole buckets, but never later than now; absent means now. */
  readonly to?: Date;
}

/** A range of whole buckets, ISO 8601; `from` may be `-infinity`. */
export interface Bounds {
  readonly from: string;
  readonly to: string;
}

/** The part of a window that may be refreshed. */
export interface SafeBounds {
  /** ISO 8601; both are null when no complete bucket may be refreshed. */
  readonly from: string | null;
  readonly to: string | null;
  /** Set when the start was moved to this time, because stored buckets before it have source rows past retention. */
  readonly keptBefore: string | null;
}

/** Questions about one aggregate. Each answer uses the present time, because retention continues during a long refresh. */
export interface Slices {
  /** The part of a window that may be refreshed. */
  bounds(window: RefreshWindow): Promise<SafeBounds>;
  /** The first slice of a range; undefined when nothing of the range may be refreshed any more. */
  lowest(from: string, to: string): Promise<Bounds | undefined>;
  /** The last slice of a range. */
  highest(from: string, to: string): Promise<Bounds | undefined>;
  /** The first bucket with rows before `to`, or `to` if there is none. */
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
  // If the source is an aggregate, only its stored buckets count: the newer rows that its view adds all fall into the last slice.
  const [source, time] =
    origin.kind === 'aggregate'
      ? [ident(...(await materializationOf(db, engine, origin))), ident('bucket')]
      : [relation(origin), ident(origin.time)];
  const width = interval(aggregate.bucket);
  const bucket = (expression: string): string => `public.time_bucket(${width}, ${expression})`;
  // Rows of the source, and also stored buckets whose rows are gone, because a refresh removes those.
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

/** `WITH … bounds (lower, upper, horizon)`: the requested range without stored buckets whose source rows are past retention. */
function safeRange({ from, bucket }: ContinuousAggregate, stored: string, asked: string): string {
  const width = interval(bucket);
  // The first bucket with no source rows past the source's retention.
  const horizon =
    from.retention === undefined
      ? `'-infinity'::timestamptz`
      : `public.time_bucket(${width}, now() - ${interval(from.retention)}) + ${width}`;
  // Only stored buckets are protected. Later ones were never computed, for example because filling was interrupted.
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

// An infinite bound is written as PostgreSQL prints it.
const boundText = (column: string): string => `coalesce(${isoText(column)}, ${column}::text)`;
