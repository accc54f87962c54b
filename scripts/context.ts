// What every command needs: settings, the declared schema, and the database that is meant.
import { resolve } from 'node:path';
import type { ClientConfig } from 'pg';
import { UsageError } from '../db/core/errors';
import type { Environment } from '../db/core/settings';
import type { Desired } from '../db/language/desired';
import { desiredFrom } from '../db/language/desired';
import { runningServer } from '../db/local/lock';
import { defaultDataFolder } from '../db/local/system-user';
import { selectSets } from '../db/schema/sets';
import { type DbConfig, processEnvironment, readDbConfig } from '../db/server/config';

export interface Context {
  readonly config: DbConfig;
  readonly desired: Desired;
}

/** Reads settings and the declared schema. */
export function readContext(): Context {
  const config = readDbConfig(processEnvironment());
  return { config, desired: desiredFrom(selectSets(config.schemas)) };
}

/** Where the local platform keeps its data: what was asked for, else TSDB_DATA, else a folder of this checkout. */
export const dataFolder = (env: Environment, asked?: string): string =>
  resolve(asked ?? (env.TSDB_DATA || defaultDataFolder(process.cwd())));

/**
 * The database a command works on: the one the environment names, else the platform that `npm start` runs here.
 * @throws UsageError when there is neither.
 */
export function requireConnection(config: DbConfig): ClientConfig {
  if (config.connection) return config.connection;
  const url = runningServer(dataFolder(processEnvironment()));
  if (url !== undefined) return { connectionString: url };
  throw new UsageError(
    'no database: DATABASE_URL is not set and no local platform runs here; set DATABASE_URL, or run "npm start" in another terminal',
  );
}

/** The database that the environment names in either way, as one address. */
export function connectionUrl({ connection }: DbConfig): string | undefined {
  if (connection === undefined) return undefined;
  if ('connectionString' in connection) return connection.connectionString;
  const { host, port, user, database, password } = connection;
  const login = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(':');
  // An IPv6 address stands in brackets; the slashes of a socket's folder are written as %2F.
  const name = host.includes(':') ? `[${host}]` : encodeURIComponent(host);
  return `postgres://${login}@${name}:${port}/${encodeURIComponent(database)}`;
}
