// Takes a bounded sample of a table's rows into temporary tables of the session, which nobody else sees.
import { RefusedError } from '../../db/core/errors';
import { ident } from '../../db/core/sql';
import type { Duration } from '../../db/language/interval';
import { nameOf } from '../../db/language/names';
import type { Db } from '../../db/model';
import { isoText } from '../../db/server/ask';
import { withTransaction } from '../../db/server/connection';
import type { Stored } from '../../db/upkeep/compress';

/** The rows, and an empty table with the columns and indexes of the sampled one. */
export const SAMPLE = 'pg_temp.tsdb_advise_sample';
export const SHAPE = 'pg_temp.tsdb_advise_shape';

/** What the sample is like. */
export interface Sample {
  readonly rows: number;
  /** Times of the first and of the last row, ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  /** How long the chunks are that the server makes now. */
  readonly chunkInterval: Duration;
  /** Columns whose values may name segments, with how many values there are. */
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Takes the newest rows. The table is read once and released before anything is measured, so that nobody waits for it.
 * @param most number of rows.
 * @returns nothing when the table has no rows.
 * @throws RefusedError when the table is not in the database, or when the login lacks a right.
 */
export async function takeSample(db: Db, table: Stored, most: number): Promise<Sample | undefined> {
  const { store, chunkInterval } = await findStore(db, table);
  const time = ident(table.time);
  await withTransaction(db, async () => {
    await db.query(`DROP TABLE IF EXISTS ${SAMPLE}, ${SHAPE}`);
    await db.query(
      `CREATE TEMP TABLE tsdb_advise_shape (LIKE ${store} INCLUDING INDEXES INCLUDING STORAGE INCLUDING COMPRESSION)`,
    );
    await db.query(
      `CREATE TEMP TABLE tsdb_advise_sample AS SELECT * FROM (SELECT * FROM ${store} WHERE isfinite(${time}) ORDER BY ${time} DESC LIMIT ${most}) s ORDER BY ${time}`,
    );
  });
  const names = (await groupableColumns(db, table)).filter(
    // What an aggregate computes names nothing.
    (name) => table.kind === 'hypertable' || table.groupBy.includes(name),
  );
  const { rows } = await db.query<{ rows: number; from: string; to: string; groups: number[] }>(
    `SELECT count(*)::int AS rows, ${isoText(`min(${time})`)} AS "from", ${isoText(`max(${time})`)} AS "to",
            ARRAY[${names.map((name) => `count(DISTINCT ${ident(name)})`).join(', ')}]::int[] AS groups FROM ${SAMPLE}`,
  );
  const found = rows[0];
  if (found === undefined || found.rows === 0) return undefined;
  const groups = new Map(names.map((name, at) => [name, found.groups[at] ?? 0]));
  return { rows: found.rows, from: found.from, to: found.to, chunkInterval, groups };
}

// Rights are read from the catalog: an error of the server would not say what for.
async function findStore(
  db: Db,
  table: Stored,
): Promise<{ readonly store: string; readonly chunkInterval: Duration }> {
  const { rows } = await db.query<{
    store: string;
    seconds: number;
    who: string;
    may_read: boolean;
    may_create: boolean;
    may_temp: boolean;
  }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS store, extract(epoch FROM d.time_interval)::float8 AS seconds, current_user::text AS who,
            has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may_read,
            has_database_privilege(current_database(), 'CREATE') AS may_create,
            has_database_privilege(current_database(), 'TEMPORARY') AS may_temp
       FROM timescaledb_information.dimensions d
       LEFT JOIN timescaledb_information.continuous_aggregates a
              ON (a.materialization_hypertable_schema, a.materialization_hypertable_name) = (d.hypertable_schema, d.hypertable_name)
       JOIN pg_namespace n ON n.nspname = d.hypertable_schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = d.hypertable_name
      WHERE d.dimension_number = 1 AND coalesce(a.view_schema, d.hypertable_schema) = $1 AND coalesce(a.view_name, d.hypertable_name) = $2`,
    [table.schema, table.name],
  );
  const found = rows[0];
  if (found === undefined)
    throw new RefusedError(
      `${nameOf(table)} is not in this database as a hypertable or aggregate, so it has no rows to measure; apply the declaration first`,
    );
  const lacking = [
    ...(found.may_read ? [] : [`SELECT on ${nameOf(table)}`]),
    ...(found.may_create ? [] : ['CREATE on the database']),
    ...(found.may_temp ? [] : ['TEMPORARY on the database']),
  ];
  if (lacking.length > 0)
    throw new RefusedError(
      `user ${found.who} lacks ${lacking.join(' and ')}, which measuring a sample in a throw-away table needs; run this as the owner of the database`,
    );
  return { store: found.store, chunkInterval: durationOf(found.seconds) };
}

function durationOf(seconds: number): Duration {
  const days = seconds / 86_400;
  return Number.isInteger(days) ? `${days} days` : `${seconds} seconds`;
}

// Numbers with fractions, documents and places do not name anything.
async function groupableColumns(db: Db, table: Stored): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT a.attname::text AS name FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> $2
        AND (t.typcategory IN ('S', 'E', 'B') OR t.typname IN ('int2', 'int4', 'int8', 'uuid', 'inet'))
      ORDER BY a.attnum`,
    [SAMPLE, table.time],
  );
  return rows.map(({ name }) => name);
}
