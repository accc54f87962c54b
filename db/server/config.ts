// Reads the settings of db/ and scripts/ from the environment. This is their only file that reads process.env.
import { UsageError } from '../core/errors';
import type { Environment, Setting } from '../core/settings';
import { schemasSetting } from '../schema/sets';
import { type DatabaseAddress, databaseSettings, readDatabaseAddress } from './database-address';

/** The environment of the process. All other code takes it as an argument. */
export const processEnvironment = (): Environment => process.env;

/** Settings that db/ and scripts/ read. */
export const dbSettings: readonly Setting[] = [
  ...databaseSettings,
  schemasSetting,
  {
    name: 'TSDB_LOCK_WAIT_MS',
    default: '60000',
    meaning: 'how long `tsdb apply` waits for another apply to finish, in milliseconds',
  },
  {
    name: 'TSDB_STEP_TIMEOUT_MS',
    default: '900000',
    meaning: 'maximum run time of a short step of an apply, in milliseconds; 0 = no limit',
  },
  {
    name: 'TSDB_DATA',
    default: '.tsdb',
    meaning: 'data folder of `npm start`; other commands use it to find the running platform',
  },
  {
    name: 'TSDB_LOCAL_SERVER',
    default: '',
    meaning:
      'server that `npm start`, `tsdb bench` and the tests use: `timescaledb`, `docker` or `embedded`; empty = the first one that is found',
  },
  {
    name: 'TSDB_PG_BIN',
    default: '',
    meaning:
      'folder with the PostgreSQL programs `postgres`, `initdb` (with TimescaleDB Community), `pg_dump` and `pg_restore`',
  },
];

export interface DbConfig {
  /** Absent when the environment names no database. */
  readonly connection?: DatabaseAddress;
  readonly schemas: string;
  readonly lockWaitMs: number;
  readonly stepTimeoutMs: number;
}

/**
 * Reads the environment.
 * @throws UsageError that lists every fault.
 */
export function readDbConfig(env: Environment): DbConfig {
  const faults: string[] = [];
  const milliseconds = (name: string, fallback: string): number => {
    const text = env[name] || fallback;
    if (!/^\d{1,9}$/.test(text)) faults.push(`${name} must be a whole number of milliseconds, got "${text}"`);
    return Number(text);
  };
  const lockWaitMs = milliseconds('TSDB_LOCK_WAIT_MS', '60000');
  const stepTimeoutMs = milliseconds('TSDB_STEP_TIMEOUT_MS', '900000');
  const connection = readDatabaseAddress(env, faults);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({
    schemas: env.TSDB_SCHEMAS || schemasSetting.default,
    lockWaitMs,
    stepTimeoutMs,
    ...(connection ? { connection } : {}),
  });
}
