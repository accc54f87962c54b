// Connections to the database: in UTC, read-only unless they are for writing, with time limits, replaced after a restart of the
// server, and never in TimescaleDB's restoring mode.
import { type Pool, type PoolConfig, types } from 'pg';
import { parseJson } from '../../db/core/exact-json';
import { addressesOf, type DatabaseAddress, readPasswordFile } from '../../db/server/database-address';
import { CheckedPool } from './checked-pool';
import { bothOf, type Guard, startupOptions, TAKES_WRITES, type WantedSettings } from './session-settings';
import { settingsClients } from './settings-client';
import { takeTurns } from './turns';

/** What a pool is for. */
export interface PoolSettings extends WantedSettings {
  readonly database: DatabaseAddress;
  /** Most connections. */
  readonly size: number;
  /** Longest wait for a free connection. */
  readonly connectWithinMs?: number;
  /** Longest use of one connection: after it, changed settings of the database and the login count. */
  readonly maxLifetimeSeconds?: number;
  /** Asked of the server when a connection is made, and again when it is used after more than a second. */
  readonly guard?: Guard;
  /** Whether its idle connections keep the process alive for a while; the default is that they do. */
  readonly keepsProcess?: boolean;
}

const MAX_LIFETIME_SECONDS = 60;

/**
 * Creates the pool; it connects on the first query.
 * `onIdleError` receives the errors of idle connections, for the log; the pool replaces them by itself.
 */
export function createPool(
  settings: PoolSettings,
  onIdleError: (error: Error) => void = () => undefined,
): Pool {
  const places = addressesOf(settings.database).map((database) => address({ ...settings, database }));
  const { access, role, statementTimeoutMs } = settings;
  const guard = places.length > 1 ? bothOf(TAKES_WRITES, settings.guard) : settings.guard;
  const hasOwnOptions = places.some((place) => place.hasOwnOptions);
  const wanted = { access, role, statementTimeoutMs };
  const clients = settingsClients({ wanted, guard, hasOwnOptions });
  const options: PoolConfig = {
    ...places[0]?.config,
    max: settings.size,
    // An overloaded server answers 503 instead of queueing for ever.
    connectionTimeoutMillis: settings.connectWithinMs ?? 5_000,
    // The server stops a slow query by itself; this limit is for servers that disappear without closing the connection.
    query_timeout: Math.min(settings.statementTimeoutMs + 5_000, 2_147_483_647),
    maxLifetimeSeconds: settings.maxLifetimeSeconds ?? MAX_LIFETIME_SECONDS,
    keepAlive: true,
    allowExitOnIdle: settings.keepsProcess === false,
    application_name: 'tsdb-api',
    types: { getTypeParser },
  };
  const pool = new CheckedPool(options, clients, {
    checksAgain: guard !== undefined,
    places: places.map(({ config }) => config),
  });
  // Without a listener an idle connection that ends (restart, failover) would end the process.
  pool.on('error', onIdleError);
  pool.on('connect', takeTurns);
  return pool;
}

/** `2026-11-20 11:11:24.123456+00` → `2026-11-20T11:11:24.123456Z`. A JavaScript Date would lose the microseconds. */
export function isoTimestamp(text: string): string {
  if (text.endsWith('+00') && text[10] === ' ') return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  // Years above 9999 have a sign and six digits in ISO 8601. Infinity and years BC have no such form and stay as they are.
  const far = /^(\d{5,6})(-\d\d-\d\d) (.+)\+00$/.exec(text);
  return far ? `+${far[1]?.padStart(6, '0')}${far[2]}T${far[3]}Z` : text;
}

/** A bigint as a number; beyond 2^53 as text, because a number would be a different one. */
export function bigintValue(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text.replace(/\.0*$/, '');
}

/** A float as a number; NaN and the infinities as text, because JSON has no numbers for them, and null would be no value at all. */
export function floatValue(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

/** A numeric as a number; NaN, the infinities and whole numbers beyond 2^53 as text. */
export function numericValue(text: string): number | string {
  const value = floatValue(text);
  return typeof value === 'string' || /\.0*[1-9]/.test(text) || Number.isSafeInteger(value)
    ? value
    : text.replace(/\.0*$/, '');
}

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [types.builtins.TIMESTAMPTZ, isoTimestamp],
  [types.builtins.INT8, bigintValue],
  [types.builtins.NUMERIC, numericValue],
  [types.builtins.FLOAT4, floatValue],
  [types.builtins.FLOAT8, floatValue],
  [types.builtins.JSONB, parseJson],
]);

/** What makes the values of a type. */
export const getTypeParser: NonNullable<PoolConfig['types']>['getTypeParser'] = (
  oid: number,
  format?: 'text' | 'binary',
) => (format !== 'binary' && PARSERS.get(oid)) || types.getTypeParser(oid, format as 'text');

function address({ database, ...wanted }: PoolSettings): {
  readonly config: PoolConfig;
  readonly hasOwnOptions: boolean;
} {
  const options = startupOptions(wanted);
  if (!('connectionString' in database)) {
    const { passwordFile, ...place } = database;
    // The password is read for each connection, because a rotation may change the file while the pool lives.
    const password = passwordFile === undefined ? {} : { password: () => readPasswordFile(passwordFile) };
    return { config: { ...place, ...password, options }, hasOwnOptions: false };
  }
  // pg lets `?options=` of the URL replace ours, so ours are appended there: the last value of a setting counts.
  const url = new URL(database.connectionString);
  const connectionString = url.href;
  const own = url.searchParams.get('options');
  if (own === null) return { config: { connectionString, options }, hasOwnOptions: false };
  url.searchParams.set('options', `${own} ${options}`);
  return { config: { connectionString: url.href }, hasOwnOptions: true };
}
