// Connections for planning and applying: sessions with fixed settings, transactions, and the advisory lock, all by callback.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { DatabaseError, messageOf, RefusedError } from '../core/errors';
import type { Db } from '../model';
import { addressesOf, type DatabaseAddress } from './database-address';
import { explainStartupRefusal, isDirect, requireSessionPooling } from './pooler';
import { explainReadOnly } from './read-only';
import { requireRestored } from './restoring';

// The text of intervals, view definitions and job configurations in the catalog depends on these settings, so every session
// sets them. client_connection_check_interval makes the server stop a long statement soon after its client was killed;
// otherwise the statement would hold its locks for hours.
const SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  intervalstyle: 'iso_8601',
  datestyle: 'ISO',
  search_path: 'pg_catalog',
  client_connection_check_interval: '2s',
  // Limits that an operator has set for a database or a role are meant for applications. Steps have time limits of their own.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
};
const STARTUP_OPTIONS = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

// PostgreSQL knows it from version 17 on, and older servers refuse a connection that sets what they do not know.
const NO_TRANSACTION_TIMEOUT = `SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings s WHERE s.name = 'transaction_timeout'`;

// Any two fixed numbers will do, if every version of this program uses the same ones and no other program does.
const ADVISORY_LOCK = [0x7473_6462, 0x706c_616e] as const;

/** SQL condition: a session holds the lock of this database, which means that an apply is running. */
export const LOCK_IS_HELD = `EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
  WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${ADVISORY_LOCK[0]} AND l.objid = ${ADVISORY_LOCK[1]} AND l.objsubid = 2)`;

/**
 * Runs `work` on one dedicated session and always closes it.
 * @param use `restore`: for the program that restores a database; all others are refused while that goes on.
 * @throws DatabaseError when the server cannot be reached; the message never contains the password. RefusedError when the
 * connection goes through a pooler that shares sessions between clients, when the database is in restoring mode, and when
 * `work` writes to a server that takes no writes.
 */
export async function withConnection<T>(
  config: string | ClientConfig,
  work: (client: Client) => Promise<T>,
  use: 'restore' | 'work' = 'work',
): Promise<T> {
  const { client, full } = await openSession(
    typeof config === 'string' ? { connectionString: config } : config,
  );
  try {
    if (!(await isDirect(client))) {
      await requireSessionPooling(client, full);
      await pinSettings(client);
    }
    await client.query(NO_TRANSACTION_TIMEOUT);
    if (use !== 'restore') await requireRestored(client);
    return await work(client);
  } catch (error) {
    throw await explainReadOnly(error, client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Session {
  readonly client: Client;
  readonly full: ClientConfig;
}

/** Connects to the server; of several hosts, to the first one that is no standby. */
async function openSession(config: ClientConfig): Promise<Session> {
  const places = addressesOf(config as DatabaseAddress);
  const failures: string[] = [];
  for (const place of places) {
    if (places.length === 1) return connected(place);
    try {
      const session = await connected(place);
      const { rows } = await session.client.query('SELECT pg_catalog.pg_is_in_recovery() AS standby');
      if (rows[0]?.standby === false) return session;
      failures.push(`${session.client.host}:${session.client.port} is a standby`);
      await session.client.end().catch(() => undefined);
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      failures.push(messageOf(error));
    }
  }
  throw new DatabaseError(`none of the ${places.length} hosts takes writes: ${failures.join('; ')}`);
}

async function connected(place: ClientConfig): Promise<Session> {
  const full: ClientConfig = {
    ...place,
    options: STARTUP_OPTIONS,
    application_name: 'tsdb',
    connectionTimeoutMillis: 10_000,
  };
  const client = new Client(full);
  // Without a listener, a lost connection would end this process; with one, only the running query fails.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    const explained = explainStartupRefusal(error, client);
    if (explained instanceof RefusedError) throw explained;
    throw new DatabaseError(
      `cannot connect to ${client.host}:${client.port}/${client.database ?? ''}: ${messageOf(error)}; is the server running and DATABASE_URL right?`,
      { cause: error },
    );
  }
  return { client, full };
}

// A pooler may have ignored the startup options.
async function pinSettings(client: Client): Promise<void> {
  await client.query(
    'SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) s (name, value)',
    [Object.keys(SETTINGS), Object.values(SETTINGS)],
  );
}

/** Runs `work` in a transaction; on an error rolls back and rethrows the first error. */
export async function withTransaction<T>(db: Db, work: () => Promise<T>, begin = 'BEGIN'): Promise<T> {
  await db.query(begin);
  try {
    const result = await work();
    await db.query('COMMIT');
    return result;
  } catch (error) {
    await db.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Runs `work` in a transaction that is always rolled back. */
export async function withRollback<T>(db: Db, work: () => Promise<T>): Promise<T> {
  await beginScratch(db);
  try {
    return await work();
  } finally {
    await db.query('ROLLBACK').catch(() => undefined);
  }
}

// The transaction makes temporary objects, also where transactions are read-only by default; nothing of them stays. A hot standby
// allows none.
async function beginScratch(db: Db): Promise<void> {
  try {
    await db.query(`${SCRATCH} READ WRITE`);
  } catch (error) {
    if (codeOf(error) !== FEATURE_NOT_SUPPORTED) throw error;
    await db.query('ROLLBACK');
    await db.query(SCRATCH);
  }
}

const SCRATCH = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
const FEATURE_NOT_SUPPORTED = '0A000';

const codeOf = (error: unknown): unknown => ((error ?? {}) as { readonly code?: unknown }).code;

/**
 * Holds the lock of the database while `work` runs, so that two applies never run at the same time.
 * @throws RefusedError when another session still holds the lock after `waitMs`.
 */
export async function withReconcilerLock<T>(db: Db, waitMs: number, work: () => Promise<T>): Promise<T> {
  if (!(await takeAdvisoryLock(db, { key: '$1, $2', values: ADVISORY_LOCK, waitMs }))) {
    throw new RefusedError(
      `another apply holds the lock of this database (${await lockHolder(db)}); waited ${waitMs / 1000} s. Wait for it to end, or raise TSDB_LOCK_WAIT_MS`,
    );
  }
  try {
    return await work();
  } finally {
    await db.query('SELECT pg_advisory_unlock($1, $2)', [...ADVISORY_LOCK]).catch(() => undefined);
  }
}

/**
 * Takes an advisory lock for the session; false when another session still holds it after `waitMs`. The lock is tried again
 * and again: a session that waited for it would hold a snapshot and block index builds elsewhere.
 * @param lock `key`: its two numbers as SQL, with `values` as the parameters.
 */
export async function takeAdvisoryLock(
  db: Db,
  lock: { readonly key: string; readonly values: readonly unknown[]; readonly waitMs: number },
): Promise<boolean> {
  const { key, values, waitMs } = lock;
  for (const deadline = Date.now() + waitMs; ; await sleep(250)) {
    const { rows } = await db.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${key}) AS locked`, [
      ...values,
    ]);
    if (rows[0]?.locked || Date.now() >= deadline) return rows[0]?.locked === true;
  }
}

async function lockHolder(db: Db): Promise<string> {
  const { rows } = await db.query<{ holder: string }>(
    `SELECT format('process %s of %s since %s', a.pid, a.usename, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')) AS holder
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1 AND l.objid = $2 AND l.database = a.datid
      ORDER BY a.pid LIMIT 1`,
    [...ADVISORY_LOCK],
  );
  return rows[0]?.holder ?? 'its session just ended';
}
