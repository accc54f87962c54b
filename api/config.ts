// The settings of the API: environment → frozen ApiConfig. The only reader of process.env in this folder.
import { readFileSync } from 'node:fs';
import { type DatabaseAddress, databaseSettings, readDatabaseAddress } from '../db/database-address';
import { UsageError } from '../db/errors';
import type { Environment, Setting } from '../db/settings';

/** What the API needs to know, checked. */
export interface ApiConfig {
  readonly database: DatabaseAddress;
  readonly host: string;
  readonly port: number;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly maxRows: number;
  readonly logLevel: LogLevel;
}

/** Levels of the log, from quiet to talkative. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every setting that the API reads. */
export const settings: readonly Setting[] = [
  ...databaseSettings,
  { name: 'HOST', default: '127.0.0.1', meaning: 'address to listen on; 0.0.0.0 in a container' },
  { name: 'PORT', default: '5000', meaning: 'port to listen on; 0 takes a free one' },
  { name: 'TSDB_POOL_SIZE', default: '10', meaning: 'most connections to the database' },
  {
    name: 'TSDB_STATEMENT_TIMEOUT_MS',
    default: '10000',
    meaning: 'longest a query may run, in milliseconds',
  },
  {
    name: 'TSDB_MAX_ROWS',
    default: '100000',
    meaning: 'most rows of one answer; more are refused, never cut',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: `how much is logged: ${LOG_LEVELS.join(', ')}` },
];

/**
 * Reads the settings. An empty value counts as not set.
 * @throws UsageError that lists all faults at once and never shows a password.
 */
export function readConfig(
  env: Environment = process.env,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): ApiConfig {
  const faults: string[] = [];
  const text = (name: string): string =>
    env[name] || settings.find((setting) => setting.name === name)?.default || '';
  const whole = (name: string, min: number, max: number): number =>
    integer(name, text(name), min, max, faults);
  const database = readDatabaseAddress(env, faults, readFile);
  if (database === undefined) {
    faults.push(
      'neither DATABASE_URL nor PGHOST is set; set DATABASE_URL=postgres://user:password@host:5432/name',
    );
  }
  const config = {
    host: text('HOST'),
    port: whole('PORT', 0, 65_535),
    poolSize: whole('TSDB_POOL_SIZE', 1, 1_000),
    // PostgreSQL holds the time limit in a signed 32-bit number; 0 would switch it off.
    statementTimeoutMs: whole('TSDB_STATEMENT_TIMEOUT_MS', 1, 2_147_483_647),
    maxRows: whole('TSDB_MAX_ROWS', 1, 10_000_000),
    logLevel: logLevel(text('LOG_LEVEL'), faults),
  };
  if (database === undefined || faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({ ...config, database });
}

function integer(name: string, text: string, min: number, max: number, faults: string[]): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    faults.push(`${name} must be a whole number from ${min} to ${max}, got "${text}"`);
  return value;
}

function logLevel(text: string, faults: string[]): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) faults.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, got "${text}"`);
  return level ?? 'info';
}
