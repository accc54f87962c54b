// The settings of the API: environment → frozen ApiConfig. The only reader of process.env in this folder.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { messageOf, UsageError } from '../db/core/errors';
import type { Environment, Setting } from '../db/core/settings';
import type { Desired } from '../db/language/desired';
import { desiredFrom } from '../db/language/desired';
import { schemasSetting, selectSets } from '../db/schema/sets';
import { databaseSettings, readDatabaseAddress } from '../db/server/database-address';
import { isLoopback } from './access/loopback';
import type { DatabaseSettings } from './database/database';
import { readAddresses } from './database/read-addresses';
import { LOG_LEVELS, type LogLevel } from './http/log';

/** What the API needs to know, checked. */
export interface ApiConfig extends DatabaseSettings {
  /** The declared schema that is served. */
  readonly desired: Desired;
  readonly host: string;
  readonly port: number;
  readonly maxRows: number;
  /** Largest body of a write in bytes, after decompression. */
  readonly maxBodyBytes: number;
  /** Most rows that small writes without an idempotency key store in one transaction; 1 = each has its own. */
  readonly ingestGroupRows: number;
  /** Days after which a dead letter is deleted; 0 = never. */
  readonly deadLetterDays: number;
  /** Whether requests need a key. */
  readonly auth: 'off' | 'keys';
  /** Most requests of one key in a minute. */
  readonly rateLimit: number;
  /** Origins that browsers may call from, beside our own page. */
  readonly corsOrigins: readonly string[];
  /** Proxies that are believed when they say where a request came from; addresses or networks. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: LogLevel;
}

/** Every setting that the API reads. */
export const settings: readonly Setting[] = [
  ...databaseSettings,
  schemasSetting,
  { name: 'HOST', default: '127.0.0.1', meaning: 'address to listen on; use 0.0.0.0 in a container' },
  { name: 'PORT', default: '5000', meaning: 'port to listen on; 0 selects a free port' },
  {
    name: 'TSDB_API_AUTH',
    default: 'auto',
    meaning: 'whether requests need a key: `keys`, `off`, or `auto` = only when other machines can connect',
  },
  { name: 'TSDB_RATE_LIMIT', default: '6000', meaning: 'maximum number of requests per key and minute' },
  {
    name: 'TSDB_CORS_ORIGINS',
    default: '',
    meaning: 'comma-separated origins of other websites that may call the API; empty = none',
  },
  {
    name: 'TSDB_TRUSTED_PROXIES',
    default: '',
    meaning: 'comma-separated addresses or networks of the proxies whose X-Forwarded-For the API trusts',
  },
  { name: 'TSDB_POOL_SIZE', default: '10', meaning: 'maximum number of reading connections' },
  {
    name: 'TSDB_WRITE_POOL_SIZE',
    default: '4',
    meaning: 'maximum number of writing connections; further writes wait, and then get status 429',
  },
  {
    name: 'TSDB_READ_ROLE',
    default: '',
    meaning: 'role that the reading connections assume, e.g. `tsdb_reader` of set `access`',
  },
  {
    name: 'TSDB_WRITE_ROLE',
    default: '',
    meaning: 'role that the writing connections assume, e.g. `tsdb_api` of set `access`',
  },
  {
    name: 'TSDB_READ_URLS',
    default: '',
    meaning:
      'comma-separated addresses of standbys that answer reads, such as `postgres://standby:5432`; what an address leaves out is as in `DATABASE_URL`',
  },
  {
    name: 'TSDB_READ_LAG_SECONDS',
    default: '10',
    meaning:
      'how far a standby may be behind; one that is further behind answers nothing until it has caught up',
  },
  {
    name: 'TSDB_STATEMENT_TIMEOUT_MS',
    default: '10000',
    meaning: 'maximum run time of a query, in milliseconds',
  },
  {
    name: 'TSDB_MAX_ROWS',
    default: '100000',
    meaning:
      'maximum number of rows in one answer; a larger answer comes in pages or is refused, and is never cut silently',
  },
  {
    name: 'TSDB_MAX_BODY_BYTES',
    default: '16777216',
    meaning: 'maximum size of the body of a write in bytes, after decompression',
  },
  {
    name: 'TSDB_INGEST_GROUP_ROWS',
    default: '1000',
    meaning:
      'maximum number of rows that simultaneous small writes share in one transaction; 1 = one transaction per write',
  },
  {
    name: 'TSDB_DEAD_LETTER_DAYS',
    default: '90',
    meaning:
      'days after which the API deletes a dead letter that nobody has replayed or sent again; 0 = never',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: `log level: ${LOG_LEVELS.join(', ')}` },
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
  const whole = (name: string, min: number, max: number): number => {
    const value = /^\d{1,15}$/.test(text(name)) ? Number(text(name)) : Number.NaN;
    if (!(value >= min && value <= max))
      faults.push(`${name} must be a whole number from ${min} to ${max}, got "${text(name)}"`);
    return value;
  };
  const database = readDatabaseAddress(env, faults, readFile);
  if (database === undefined) {
    faults.push(
      'neither DATABASE_URL nor PGHOST is set; set DATABASE_URL=postgres://user:password@host:5432/name',
    );
  }
  const desired = declared(text('TSDB_SCHEMAS'), faults);
  const host = text('HOST');
  // The primary is asked once a second where it is, so a standby is never known to be closer than that.
  const lagSeconds = whole('TSDB_READ_LAG_SECONDS', 2, 86_400);
  const standbys = database === undefined ? [] : readAddresses(text('TSDB_READ_URLS'), database, faults);
  const config = {
    host,
    port: whole('PORT', 0, 65_535),
    poolSize: whole('TSDB_POOL_SIZE', 1, 1_000),
    writePoolSize: whole('TSDB_WRITE_POOL_SIZE', 1, 1_000),
    ...optional('readRole', text('TSDB_READ_ROLE')),
    ...optional('writeRole', text('TSDB_WRITE_ROLE')),
    ...(standbys.length === 0 ? {} : { reads: { standbys, lagSeconds } }),
    // PostgreSQL holds the time limit in a signed 32-bit number; 0 would switch it off.
    statementTimeoutMs: whole('TSDB_STATEMENT_TIMEOUT_MS', 1, 2_147_483_647),
    maxRows: whole('TSDB_MAX_ROWS', 1, 10_000_000),
    // Beyond half a gigabyte a text no longer fits into one JavaScript string.
    maxBodyBytes: whole('TSDB_MAX_BODY_BYTES', 1_024, 500_000_000),
    ingestGroupRows: whole('TSDB_INGEST_GROUP_ROWS', 1, 100_000),
    deadLetterDays: whole('TSDB_DEAD_LETTER_DAYS', 0, 36_500),
    auth: authentication(oneOf('TSDB_API_AUTH', text('TSDB_API_AUTH'), AUTH_MODES, faults), host),
    rateLimit: whole('TSDB_RATE_LIMIT', 1, 1_000_000_000),
    corsOrigins: origins(text('TSDB_CORS_ORIGINS'), faults),
    trustedProxies: networks(text('TSDB_TRUSTED_PROXIES'), faults),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL'), LOG_LEVELS, faults),
  };
  if (database === undefined || desired === undefined || faults.length > 0)
    throw new UsageError(faults.join('\n'));
  return Object.freeze({ ...config, database, desired });
}

const AUTH_MODES = ['auto', 'off', 'keys'] as const;

// A process that can reach the loopback interface of a machine can usually read its database password as well.
function authentication(mode: (typeof AUTH_MODES)[number], host: string): 'off' | 'keys' {
  if (mode !== 'auto') return mode;
  return isLoopback(host) ? 'off' : 'keys';
}

function declared(schemas: string, faults: string[]): Desired | undefined {
  try {
    return desiredFrom(selectSets(schemas));
  } catch (error) {
    faults.push(messageOf(error));
    return undefined;
  }
}

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function networks(text: string, faults: string[]): readonly string[] {
  const list = listOf(text);
  for (const network of list) {
    const [address = '', bits, ...rest] = network.split('/');
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (most < 0 || !fits || rest.length > 0)
      faults.push(
        `TSDB_TRUSTED_PROXIES: "${network}" is neither an address nor a network; write e.g. 10.0.0.0/8`,
      );
  }
  return list;
}

function origins(text: string, faults: string[]): readonly string[] {
  const list = listOf(text);
  for (const origin of list) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      faults.push(
        `TSDB_CORS_ORIGINS: "${origin}" is not an origin; write scheme, host and port only, e.g. https://dashboards.example`,
      );
  }
  return list;
}

const optional = <K extends string>(name: K, value: string): { readonly [key in K]?: string } =>
  value === '' ? {} : ({ [name]: value } as { readonly [key in K]: string });

function oneOf<const T extends string>(
  name: string,
  text: string,
  allowed: readonly [T, ...T[]],
  faults: string[],
): T {
  const value = allowed.find((known) => known === text);
  if (!value) faults.push(`${name} must be one of ${allowed.join(', ')}, got "${text}"`);
  return value ?? allowed[0];
}
