// The databases that a benchmark creates for itself and drops; it touches no others.
import { RefusedError } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { withAbortListener } from '../abort-listener';
import { createThrowaway, type ThrowawayDatabase } from '../throwaway-database';
import type { RunControl } from './in-turns';

/** Gives `work` the address of an empty database, which is dropped afterwards. */
export type UseDatabase = <T>(purpose: string, work: (address: string) => Promise<T>) => Promise<T>;

/**
 * Does work that needs databases on the server of `address`, whose own database is only connected to. All of them are gone
 * afterwards. A signal drops them at once, which ends all sessions in them, even during a query that takes minutes.
 * @throws RefusedError when the server's user may not create databases; the signal's reason when it was stopped.
 */
export async function withDatabases<T>(
  address: string,
  { signal, onNote }: RunControl,
  work: (use: UseDatabase) => Promise<T>,
): Promise<T> {
  await requireCreateDb(address, onNote);
  const made = new Set<ThrowawayDatabase>();
  let closed = false;
  const drop = async (database: ThrowawayDatabase): Promise<void> => {
    await database.drop();
    made.delete(database);
  };
  const dropAll = async (): Promise<void> => {
    closed = true;
    for (const database of [...made]) await drop(database);
  };
  const use: UseDatabase = async (purpose, fill) => {
    const database = await createThrowaway(address, `tsdb_bench_${purpose}`);
    made.add(database);
    // `dropAll` ran while this database was being created, and did not know of it.
    if (closed) {
      await drop(database);
      throw new RefusedError('the benchmark is being stopped');
    }
    const result = await fill(database.url);
    await drop(database);
    return result;
  };
  let early = Promise.resolve();
  const onAbort = (): void => {
    early = dropAll().catch(() => undefined);
  };
  try {
    return await withAbortListener(signal, onAbort, () => work(use));
  } catch (error) {
    // An interrupted part can fail with many errors; the reason of the signal is the one to report.
    signal?.throwIfAborted();
    throw error;
  } finally {
    await early;
    await dropAll();
  }
}

async function requireCreateDb(address: string, onNote: (text: string) => void): Promise<void> {
  await withConnection(address, async (db) => {
    const { rows } = await db.query<{ who: string; may: boolean; left: string[] }>(
      `SELECT current_user::text AS who, r.rolsuper OR r.rolcreatedb AS may,
              ARRAY(SELECT datname::text FROM pg_database WHERE datname LIKE 'tsdb\\_bench\\_%' ORDER BY 1) AS "left"
         FROM pg_roles r WHERE r.rolname = current_user`,
    );
    const { who, may, left = [] } = rows[0] ?? {};
    if (!may)
      throw new RefusedError(
        `user ${who} may not create databases, and a benchmark runs in databases of its own; give it the right (ALTER ROLE … CREATEDB), or unset DATABASE_URL to measure private servers`,
      );
    if (left.length > 0)
      onNote(
        `databases of another benchmark are on this server: ${left.join(', ')}; drop them if it does not run any more`,
      );
  });
}
