// Asks a server for its version, whether it offers TimescaleDB, and whether the database is one of Citus.
import { Client, escapeIdentifier } from 'pg';
import { codeOf } from './errors';

/** Facts about a reachable server. */
export interface ServerFacts {
  /** For example `17.11`. */
  readonly version: string;
  /** The TimescaleDB that `CREATE EXTENSION` would install, if the server can load it. */
  readonly timescaledb?: { readonly version: string; readonly edition: string };
  /** The Citus that is installed in the database, for example `14.0-1`. */
  readonly citus?: string;
}

const INSUFFICIENT_PRIVILEGE = '42501';
const DUPLICATE_DATABASE = '42P04';

/** Connects, runs the callback, and closes the connection. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // if the connection breaks, the query fails
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined); // the first error is the one to report
  }
}

/** Reads the facts. */
export function serverFacts(url: string): Promise<ServerFacts> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<FactsRow>(`
      SELECT pg_catalog.current_setting('server_version') AS server,
             (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'timescaledb') AS offered,
             (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus') AS citus,
             pg_catalog.current_setting('timescaledb.license', true) AS license`);
    const { server = '', offered = null, citus = null, license = null } = rows[0] ?? {};
    const version = server.split(' ')[0] ?? server; // distributions add their own text
    if (citus !== null) return { version, citus };
    if (offered === null || !(await isPreloaded(client))) return { version };
    const edition = license === 'apache' ? 'Apache' : license === 'timescale' ? 'Community' : '';
    return { version, timescaledb: { version: offered, edition } };
  });
}

interface FactsRow {
  readonly server: string;
  readonly offered: string | null;
  readonly citus: string | null;
  readonly license: string | null;
}

/** One line for people, for example `PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (installed)`. */
export function describeServer(facts: ServerFacts, origin: string): string {
  const extension = facts.timescaledb;
  const name =
    extension === undefined ? '' : ` + TimescaleDB ${extension.version} ${extension.edition}`.trimEnd();
  const citus = facts.citus === undefined ? '' : ` + Citus ${facts.citus}`;
  return `PostgreSQL ${facts.version}${name}${citus} (${origin})`;
}

/** Creates a database unless it is there, and returns its address. */
export async function ensureDatabase(url: string, name: string): Promise<string> {
  await withClient(url, async (client) => {
    const found = await client.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name]);
    if (found.rowCount !== 0) return;
    try {
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    } catch (error) {
      if (codeOf(error) !== DUPLICATE_DATABASE) throw error;
    }
  });
  return withDatabase(url, name);
}

/** The same address with another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.href;
}

/** Whether the server loads TimescaleDB at its start. Creating the extension without that would end the session. */
async function isPreloaded(client: Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ libraries: string }>(
      `SELECT pg_catalog.current_setting('shared_preload_libraries') AS libraries`,
    );
    return /\btimescaledb\b/.test(rows[0]?.libraries ?? '');
  } catch (error) {
    if (codeOf(error) === INSUFFICIENT_PRIVILEGE) return true; // managed services hide this setting from ordinary roles
    throw error;
  }
}
