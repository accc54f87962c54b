// What every command needs: settings, the declared schema, and the database that is meant.
import type { ClientConfig } from 'pg';
import { type DbConfig, processEnvironment, readDbConfig } from '../db/config';
import { desiredFrom } from '../db/desired';
import { UsageError } from '../db/errors';
import { runningServer } from '../db/local/lock';
import { defaultDataFolder } from '../db/local/system-user';
import type { Desired } from '../db/model';
import { selectSets } from '../db/schema/sets';

export interface Context {
  readonly config: DbConfig;
  readonly desired: Desired;
}

/** Reads settings and the declared schema. */
export function readContext(): Context {
  const config = readDbConfig(processEnvironment());
  return { config, desired: desiredFrom(selectSets(config.schemas)) };
}

/**
 * The database a command works on: the one the environment names, else the platform that `npm start` runs here.
 * @throws UsageError when there is neither.
 */
export function requireConnection(config: DbConfig): ClientConfig {
  if (config.connection) return config.connection;
  const url = runningServer(defaultDataFolder(process.cwd()));
  if (url !== undefined) return { connectionString: url };
  throw new UsageError(
    'no database: DATABASE_URL is not set and no local platform runs here; set it, or start one with "npm start" in another terminal',
  );
}
