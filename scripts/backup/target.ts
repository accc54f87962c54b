// The database that a backup is restored into: a new one, or one without anything in it.
import type { ClientConfig } from 'pg';
import { RefusedError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { ident } from '../../db/core/sql';
import { codeOf } from '../../db/local/errors';
import type { Db } from '../../db/model';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { databaseOf, inDatabase } from './address';
import type { Manifest } from './manifest';
import { majorOf } from './programs';

export interface Target {
  readonly connection: ClientConfig;
  readonly database: string;
  /** Whether there is an empty database of this name, which the restored one replaces. */
  readonly exists: boolean;
  readonly serverVersion: string;
}

const NO_SUCH_DATABASE = '3D000';
/** The database to connect to for creating and dropping others. */
export const MAINTENANCE = 'postgres';

/**
 * Looks at the database without changing anything.
 * @throws RefusedError when it holds something, or its server cannot take this dump.
 */
export async function inspectTarget(connection: ClientConfig, manifest: Manifest): Promise<Target> {
  const database = databaseOf(connection);
  const look = (db: Db) => withRollback(db, () => requireFit(db, manifest));
  try {
    return await withConnection(connection, async (db) => {
      await requireReplaceable(db, database);
      return { connection, database, exists: true, serverVersion: await look(db) };
    });
  } catch (error) {
    if (codeOf((error as Error).cause) !== NO_SUCH_DATABASE) throw error;
    const serverVersion = await withConnection(inDatabase(connection, MAINTENANCE), look);
    return { connection, database, exists: false, serverVersion };
  }
}

async function requireReplaceable(db: Db, database: string): Promise<void> {
  const content = await contentOf(db);
  if (content !== undefined)
    throw new RefusedError(
      `nothing was changed: database ${database} is not empty, it has ${content}; restore into a new one with --into NAME`,
    );
  const { rows } = await db.query<{ owner: string; may: boolean; same: boolean }>(
    `SELECT pg_get_userbyid(datdba) AS owner, pg_has_role(datdba, 'USAGE') AS may,
            (SELECT count(DISTINCT (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(l)) WHERE key = ANY ($1))) = 1
               FROM pg_database l WHERE l.datname IN (d.datname, 'template0')) AS same
       FROM pg_database d WHERE datname = current_database()`,
    [LOCALE],
  );
  const refuse = (why: string): never => {
    throw new RefusedError(
      `nothing was changed: a restore replaces the empty database ${database}, ${why}, or restore into a new one with --into NAME`,
    );
  };
  if (!rows[0]?.may) refuse(`which only its owner may do; log in as ${rows[0]?.owner}`);
  if (!rows[0]?.same)
    refuse('and its encoding or locale is not that of template0, which the new one would have; drop it');
}

// Columns of pg_database; their names differ by version.
const LOCALE = [
  'encoding',
  'datlocprovider',
  'datcollate',
  'datctype',
  'datlocale',
  'daticulocale',
  'daticurules',
];

/** Names something that a database holds, for messages; undefined when it is empty. */
export async function contentOf(db: Db): Promise<string | undefined> {
  const { rows } = await db.query<{ name: string; others: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, count(*) OVER () - 1 AS others
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname !~ '^(pg_|information_schema$|_timescaledb_)'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY n.nspname, c.relname LIMIT 1`,
  );
  if (rows[0] === undefined) return undefined;
  const others = Number(rows[0].others);
  return `${rows[0].name}${others > 0 ? ` and ${counted(others, 'other')}` : ''}`;
}

// What a dump needs from its server and does not contain.
async function requireFit(db: Db, manifest: Manifest): Promise<string> {
  const { engine, serverVersion } = await readServer(db);
  const refuse = (why: string): never => {
    throw new RefusedError(`nothing was changed: ${why}`);
  };
  if (majorOf(serverVersion) < majorOf(manifest.serverVersion))
    refuse(
      `the backup is of PostgreSQL ${manifest.serverVersion} and the server is ${serverVersion}; use one that is as new`,
    );
  if (engine !== manifest.engine)
    refuse(
      `the backup is of engine ${manifest.engine} and the server offers engine ${engine}; use a server of the same kind`,
    );
  const wanted = manifest.timescaledbVersion;
  if (wanted !== undefined) {
    const { rows } = await db.query<{ offered: boolean; installed: string | null }>(
      `SELECT EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'timescaledb' AND version = $1) AS offered,
              (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed`,
      [wanted],
    );
    if (!rows[0]?.offered)
      refuse(
        `the server does not offer TimescaleDB ${wanted}, which the backup was made with; restore on an image that has it and update the extension there`,
      );
    const installed = rows[0]?.installed ?? wanted;
    if (installed !== wanted)
      refuse(
        `the database has TimescaleDB ${installed} and the backup ${wanted}; restore into a new one with --into NAME`,
      );
  }
  const { rows: lacking } = await db.query<{ role: string }>(
    'SELECT role FROM unnest($1::text[]) r (role) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) ORDER BY role',
    [manifest.roles],
  );
  if (lacking.length > 0)
    refuse(
      `the server lacks roles that own or may use something in the backup; create them first: ${lacking.map(({ role }) => `CREATE ROLE ${ident(role)};`).join(' ')}`,
    );
  return serverVersion;
}
