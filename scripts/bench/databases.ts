// The databases that a benchmark creates for itself and drops; it touches no others.
import { RefusedError } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { createThrowaway, type ThrowawayDatabase } from '../throwaway-database';

/** The databases of one benchmark on one server. */
export interface BenchDatabases {
  /** Gives `work` the address of an empty database. After an error the database stays until `dropAll`. */
  use<T>(purpose: string, work: (address: string) => Promise<T>): Promise<T>;
  /** Drops all that are left, ending what runs in them, and makes no more. */
  dropAll(): Promise<void>;
}

/**
 * Databases on the server of `address`, whose own database is only connected to.
 * @throws RefusedError when its user may not create databases.
 */
export async function openDatabases(
  address: string,
  onNote: (text: string) => void,
): Promise<BenchDatabases> {
  await requireCreateDb(address, onNote);
  const made = new Set<ThrowawayDatabase>();
  let closed = false;
  const drop = async (database: ThrowawayDatabase): Promise<void> => {
    await database.drop();
    made.delete(database);
  };
  return {
    async use(purpose, work) {
      const database = await createThrowaway(address, `tsdb_bench_${purpose}`);
      made.add(database);
      // `dropAll` ran while this database was being created, and did not know of it.
      if (closed) {
        await drop(database);
        throw new RefusedError('the benchmark is being stopped');
      }
      const result = await work(database.url);
      await drop(database);
      return result;
    },
    async dropAll() {
      closed = true;
      for (const database of [...made]) await drop(database);
    },
  };
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
