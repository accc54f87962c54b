// Finds out what the server offers. That decides the engine, which every plan prints.
import { messageOf, RefusedError } from '../core/errors';
import type { Db, PlanDb, ServerInfo } from '../model';
import { withSavepointRollback } from './savepoint';

const OLDEST_POSTGRES = 15;
const OLDEST_TIMESCALEDB = [2, 28] as const;

// Only a loaded library defines its settings; what merely stands in a configuration file is not in this view. Reading
// shared_preload_libraries would need the rights of pg_read_all_settings.
const IS_PRELOADED = `EXISTS (SELECT FROM pg_settings s WHERE s.name = 'timescaledb.max_background_workers')`;

interface ServerRow {
  readonly server_version: string;
  readonly server_version_num: number;
  readonly database: string;
  readonly available: string | null;
  readonly installed: string | null;
  /** The schema that holds the functions of the installed extension. */
  readonly schema: string | null;
  readonly preloaded: boolean;
  readonly license: string | null;
  /** Version of the extension citus, where it is installed in this database. */
  readonly citus: string | null;
  /** Whether the server is a worker of Citus. */
  readonly worker: boolean;
}

/**
 * Reads the server's identity. Must run in a transaction that is rolled back.
 * @throws RefusedError when the server is too old, or when writes would lose rows because of how TimescaleDB is installed.
 */
export async function readServer(db: Db): Promise<ServerInfo> {
  const { rows } = await db.query<Omit<ServerRow, 'worker'>>(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS server_version,
            current_setting('server_version_num')::int AS server_version_num,
            current_database() AS database,
            e.default_version AS available, e.installed_version AS installed,
            (SELECT n.nspname::text FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname = 'timescaledb') AS schema,
            ${IS_PRELOADED} AS preloaded,
            current_setting('timescaledb.license', true) AS license,
            (SELECT installed_version FROM pg_available_extensions c WHERE c.name = 'citus') AS citus
       FROM (SELECT 1) one
       LEFT JOIN pg_available_extensions e ON e.name = 'timescaledb'`,
  );
  const [read] = rows;
  const row = { ...(read as Omit<ServerRow, 'worker'>), worker: read?.citus != null && (await isWorker(db)) };
  const untried = row.preloaded && row.available !== null && row.installed === null && row.citus === null;
  return serverInfo(untried ? { ...row, license: await tryLicense(db, row) } : row);
}

// A worker knows the tables of the cluster, too, but not what is kept on the coordinator: a plan from there would be wrong.
async function isWorker(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ worker: boolean }>(
    'SELECT groupid <> 0 AS worker FROM pg_catalog.pg_dist_local_group',
  );
  return rows[0]?.worker === true;
}

// The server shows the licence only while the extension exists, so it is created and rolled back, which takes about 0.1 s.
function tryLicense(db: Db, row: ServerRow): Promise<string | null> {
  return withSavepointRollback(db, async () => {
    await db.query('CREATE EXTENSION timescaledb WITH SCHEMA public');
    const { rows } = await db.query<{ license: string | null }>(
      `SELECT current_setting('timescaledb.license', true) AS license`,
    );
    return rows[0]?.license ?? null;
  }).catch((error: unknown) => {
    throw new RefusedError(
      `the server loads timescaledb ${row.available}, but it cannot be created in database ${row.database}: ${messageOf(error)}; let an administrator run CREATE EXTENSION timescaledb`,
      { cause: error },
    );
  });
}

/** Decides the engine from what was read; see `readServer`. */
export function serverInfo(row: ServerRow): ServerInfo {
  if (row.server_version_num < OLDEST_POSTGRES * 10_000) {
    throw new RefusedError(
      `PostgreSQL ${row.server_version} is too old: ${OLDEST_POSTGRES} or newer is needed`,
    );
  }
  const base = { serverVersion: row.server_version, database: row.database };
  if (row.citus !== null) {
    if (row.worker)
      throw new RefusedError(
        `this server is a worker of Citus, and database ${row.database} is managed on the coordinator only; give the address of the coordinator`,
      );
    if (row.installed === null) return { ...base, engine: 'citus', citusVersion: row.citus };
    // Both can be created, and then a query of a hypertable whose chunks are shards counts no rows.
    throw new RefusedError(
      `database ${row.database} has both timescaledb ${row.installed} and citus ${row.citus}, and together they lose rows: a hypertable that is distributed counts 0 rows; use a database that has only one of them`,
    );
  }
  if (row.installed !== null && !row.preloaded) {
    // Without the library, inserts would go into the parent table. They would be invisible once the library is loaded again.
    throw new RefusedError(
      `database ${row.database} has the extension timescaledb ${row.installed}, but the server did not load its library; add timescaledb to shared_preload_libraries and restart`,
    );
  }
  if (row.schema !== null && row.schema !== 'public') {
    // The queries of aggregates and the statements of steps contain names such as public.time_bucket.
    throw new RefusedError(
      `database ${row.database} has the extension timescaledb in schema ${row.schema}, but only schema public is supported, and TimescaleDB cannot be moved to another schema; run CREATE EXTENSION timescaledb SCHEMA public in a new database, apply there, and carry the rows over by export and import`,
    );
  }
  // An Apache-licensed build has no aggregates, columnstore or policies, so it is treated as plain PostgreSQL.
  const version = row.installed ?? row.available;
  const community = row.preloaded && version !== null && row.license === 'timescale';
  if (!community && row.installed === null) return { ...base, engine: 'postgres' };
  if (!community) {
    throw new RefusedError(
      `database ${row.database} has timescaledb ${row.installed} under licence "${row.license}": continuous aggregates, columnstore and policies need the Community edition (timescaledb.license = 'timescale')`,
    );
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_TIMESCALEDB[0] || (major === OLDEST_TIMESCALEDB[0] && minor < OLDEST_TIMESCALEDB[1])) {
    throw new RefusedError(
      `TimescaleDB ${version} is too old: ${OLDEST_TIMESCALEDB.join('.')} or newer is needed`,
    );
  }
  return { ...base, engine: 'timescaledb', timescaledbVersion: version };
}

/** Whether the extension is installed. Before the first apply it is not, and its catalog views do not exist. */
export async function hasTimescaledb(db: Db | PlanDb): Promise<boolean> {
  return 'extension' in db ? db.extension : hasExtension(db, 'timescaledb');
}

/** Whether an extension is installed in the database. */
export async function hasExtension(
  db: Db,
  name: 'timescaledb' | 'citus' | 'citus_columnar',
): Promise<boolean> {
  const { rows } = await db.query('SELECT FROM pg_catalog.pg_extension WHERE extname = $1', [name]);
  return rows.length > 0;
}
