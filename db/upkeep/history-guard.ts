// Decides before each refresh which buckets of a range may be computed again: those whose source rows are all still there.
import { invocation } from '../core/invocation';
import { counted, wordFor } from '../core/quantities';
import { ident, interval } from '../core/sql';
import type { StoredWithSources } from '../engines/stored-aggregates';
import { invalidations } from '../engines/timescaledb/invalidations';
import { goneBuckets } from '../kinds/aggregates/history';
import type { Gone } from '../kinds/aggregates/model';
import { type Db, type Dialect, dialectOf, type EngineName } from '../model';
import { boundText, isoText } from '../server/ask';

/** A range of whole buckets with exclusive end, ISO 8601; bounds may be infinite. */
export interface Bounds {
  readonly from: string;
  readonly to: string;
}

/** Stored buckets that a refresh leaves as they are. */
export interface Kept {
  readonly buckets: number;
  /** Stored rows in these buckets. */
  readonly rows: number;
  /** Start of the first and end of the last of them, ISO 8601. */
  readonly from: string;
  readonly to: string;
}

export interface SafeParts {
  /** The parts of the range that may be refreshed, in order. */
  readonly parts: readonly Bounds[];
  /** What lies between them; null when the whole range may be refreshed. */
  readonly kept: Kept | null;
}

/**
 * Finds the stored buckets of a range whose source rows are gone, or are past the retention that the source has now: those may
 * be dropped at any moment. Ask again for every transaction, because retention goes on.
 * @param isForced whether the refresh also computes buckets whose rows did not change.
 */
export async function safeParts(
  db: Db,
  engine: EngineName,
  stored: StoredWithSources,
  range: Bounds,
  isForced = false,
): Promise<SafeParts> {
  const found: Found[] = [];
  for (const part of await rewritten(db, engine, stored, range, isForced))
    found.push(await goneIn(db, engine, stored, part));
  const { rows } = await db.query<Bounds>(
    `SELECT ${boundText('lower(part)')} AS "from", ${boundText('upper(part)')} AS "to"
       FROM unnest(tstzmultirange(tstzrange($1, $2)) - coalesce((SELECT range_agg(m) FROM unnest($3::tstzmultirange[]) m), '{}')) part ORDER BY part`,
    [range.from, range.to, found.map(({ times }) => times)],
  );
  return { parts: rows, kept: sumOf(found) };
}

/**
 * The buckets of some ranges whose source rows are gone, or are past the retention that the source has now, as multiranges.
 * Buckets of which nothing is stored are none of them.
 */
export async function goneAmong(
  db: Db,
  engine: EngineName,
  stored: StoredWithSources,
  ranges: readonly Bounds[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const range of ranges)
    for (const part of await rewritten(db, engine, stored, range, true))
      found.push((await goneIn(db, engine, stored, part)).times);
  return found;
}

interface Part extends Bounds {
  /** The chunks of the source that the part touches, in whole buckets. */
  readonly widerFrom: string;
  readonly widerTo: string;
}

interface Found extends Gone {
  /** A multirange as text. */
  readonly times: string;
  readonly unsure: number;
}

// More parts than this are looked at as one, because each of them is a query.
const PARTS = 16;

/** The parts of a range with stored buckets that the refresh would write again. */
async function rewritten(
  db: Db,
  engine: EngineName,
  { aggregate }: StoredWithSources,
  range: Bounds,
  isForced: boolean,
): Promise<readonly Part[]> {
  const width = interval(aggregate.width);
  const start = (at: string): string =>
    `CASE WHEN isfinite(${at}) THEN public.time_bucket(${width}, ${at}) ELSE ${at} END`;
  const end = (at: string): string =>
    `CASE WHEN isfinite(${at}) THEN public.time_bucket(${width}, ${at} - interval '1 microsecond') + ${width} ELSE ${at} END`;
  const writes =
    engine !== 'timescaledb' || isForced
      ? `SELECT tstzrange($1, $2) AS range`
      : `SELECT tstzrange(${start('lower(i.range)')}, ${end('upper(i.range)')}) AS range FROM (${invalidations(aggregate)}) i`;
  const { rows } = await db.query<Part>(
    `WITH stored AS (
       SELECT tstzrange(min("bucket"), max("bucket") + ${width}) AS range FROM ${ident(aggregate.stored.schema, aggregate.stored.name)}
        WHERE "bucket" >= $1 AND "bucket" < $2 HAVING count(*) > 0
     ), times AS (
       SELECT range_agg(w.range) * tstzmultirange(s.range) AS m FROM (${writes}) w, stored s GROUP BY s.range
     ), parts AS (
       SELECT p FROM times, unnest(m) p WHERE (SELECT count(*) FROM unnest(m)) <= ${PARTS}
        UNION ALL
       SELECT range_merge(m) FROM times WHERE (SELECT count(*) FROM unnest(m)) > ${PARTS}
     ), wider AS (
       SELECT p, lower(p) AS "from", upper(p) AS "to",
              least(lower(p), (SELECT min(lower(k.range)) FROM (${aggregate.sourceChunks}) k WHERE k.range && p)) AS wider_from,
              greatest(upper(p), (SELECT max(upper(k.range)) FROM (${aggregate.sourceChunks}) k WHERE k.range && p)) AS wider_to
         FROM parts
     )
     SELECT ${boundText('"from"')} AS "from", ${boundText('"to"')} AS "to",
            ${boundText(start('wider_from'))} AS "widerFrom", ${boundText(end('wider_to'))} AS "widerTo"
       FROM wider ORDER BY p`,
    [range.from, range.to],
  );
  return rows;
}

const SOURCE_RETENTION: Readonly<Record<Dialect, string>> = {
  timescaledb: `SELECT min((j.config ->> 'drop_after')::interval) FROM timescaledb_information.jobs j
                 WHERE j.proc_name = 'policy_retention' AND format('%s.%s', j.hypertable_schema, j.hypertable_name) = $5`,
  postgres: `SELECT min(j.drop_after) FROM tsdb.job j WHERE j.kind = 'retention' AND format('%s.%s', j.schema_name, j.object_name) = $5`,
};

// That a chunk was dropped may show outside of the part, so whole chunks are compared where this matters.
async function goneIn(db: Db, engine: EngineName, stored: StoredWithSources, part: Part): Promise<Found> {
  const found = await compare(db, engine, stored, part, part);
  if (found.unsure === 0) return found;
  return compare(db, engine, stored, { from: part.widerFrom, to: part.widerTo }, part);
}

async function compare(
  db: Db,
  engine: EngineName,
  { aggregate, states }: StoredWithSources,
  compared: Bounds,
  within: Bounds,
): Promise<Found> {
  const gone = goneBuckets(aggregate, {
    states,
    lower: '$1::timestamptz',
    upper: '$2::timestamptz',
    within: 'tstzrange($3::timestamptz, $4::timestamptz)',
    expired: `now() - (${SOURCE_RETENTION[dialectOf(engine)]})`,
    unknown: 'lenient',
  });
  const { rows } = await db.query<Found>(
    `SELECT buckets, rows, kept, unsure, ${isoText('first')} AS "from", ${isoText('until')} AS "to", times::text FROM (${gone}) gone`,
    [compared.from, compared.to, within.from, within.to, aggregate.source],
  );
  return rows[0] as Found;
}

/** What is left out, for people. */
export function describeKept(aggregate: string, { buckets, rows, from, to }: Kept): string {
  return `${counted(buckets, 'bucket')} (${counted(rows, 'row')}) from ${from} to ${to} ${wordFor(buckets, 'stays as it is', 'stay as they are')}, because source rows of ${wordFor(buckets, 'it', 'them')} are gone or past retention. To compute ${wordFor(buckets, 'it', 'them')} from the rows that are left: "${invocation(`refresh ${aggregate} --from ${from} --to ${to} --force --allow loses-history`)}"`;
}

function sumOf(found: readonly Found[]): Kept | null {
  const some = found.filter(({ buckets }) => buckets > 0);
  const [first, last] = [some[0], some.at(-1)];
  if (first === undefined || last === undefined) return null;
  return {
    buckets: some.reduce((sum, { buckets }) => sum + buckets, 0),
    rows: some.reduce((sum, { kept }) => sum + kept, 0),
    from: first.from as string,
    to: last.to as string,
  };
}
