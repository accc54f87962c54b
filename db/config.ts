// Environment → settings of the schema island. The only place in db/ and scripts/ that reads process.env.
import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import { UsageError } from './errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment; everything else takes it as an argument. */
export const processEnvironment = (): Environment => process.env;

/** A setting as the README lists it. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** Settings that db/ and scripts/ read. */
export const dbSettings: readonly Setting[] = [
  {
    name: 'DATABASE_URL',
    default: 'the platform that `npm start` runs',
    meaning: 'database to plan, apply and serve, e.g. `postgres://user:password@host:5432/tsdb`',
  },
  {
    name: 'PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD',
    default: '',
    meaning: 'the same in parts, used when `DATABASE_URL` is not set and `PGHOST` is',
  },
  { name: 'PGPASSWORD_FILE', default: '', meaning: 'file that holds the password, instead of `PGPASSWORD`' },
  { name: 'TSDB_SCHEMAS', default: 'iot', meaning: 'schema sets to apply, with commas between' },
  { name: 'TSDB_LOCK_WAIT_MS', default: '60000', meaning: 'how long an apply waits for another one' },
];

export interface DbConfig {
  /** Absent when the environment names no database. */
  readonly connection?: ClientConfig;
  readonly schemas: string;
  readonly lockWaitMs: number;
}

/**
 * Reads the environment.
 * @throws UsageError that lists every fault.
 */
export function readDbConfig(env: Environment): DbConfig {
  const faults: string[] = [];
  const lockWaitMs = Number(env.TSDB_LOCK_WAIT_MS ?? 60_000);
  if (!Number.isInteger(lockWaitMs) || lockWaitMs < 0) {
    faults.push(`TSDB_LOCK_WAIT_MS must be a whole number of milliseconds, got "${env.TSDB_LOCK_WAIT_MS}"`);
  }
  const connection = readConnection(env, faults);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({
    schemas: env.TSDB_SCHEMAS || 'iot',
    lockWaitMs,
    ...(connection ? { connection } : {}),
  });
}

function readConnection(env: Environment, faults: string[]): ClientConfig | undefined {
  const url = env.DATABASE_URL;
  if (url) {
    if (!/^postgres(ql)?:\/\//.test(url)) faults.push('DATABASE_URL must start with postgres://');
    return { connectionString: url };
  }
  if (!env.PGHOST) return undefined;
  const port = Number(env.PGPORT || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    faults.push(`PGPORT must be a port, got "${env.PGPORT}"`);
  const password = readPassword(env, faults);
  return {
    host: env.PGHOST,
    port,
    user: env.PGUSER || 'postgres',
    database: env.PGDATABASE || 'tsdb',
    ...(password === undefined ? {} : { password }),
  };
}

function readPassword(env: Environment, faults: string[]): string | undefined {
  const file = env.PGPASSWORD_FILE;
  if (!file) return env.PGPASSWORD;
  try {
    // Editors and `echo` leave a line break at the end, which is not part of the password.
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    faults.push(`PGPASSWORD_FILE cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
