// Databases of a benchmark's own: it makes them, it drops them, and it touches no others.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError } from '../../db/core/errors';
import { ident } from '../../db/core/sql';
import { withDatabase } from '../../db/local/server-facts';
import { withConnection } from '../../db/server/connection';

/** The databases of one benchmark on one server. */
export interface BenchDatabases {
  /** Makes an empty database and returns its address. */
  create(purpose: string): Promise<string>;
  /** Drops one that `create` made, ending the sessions that are left. */
  drop(address: string): Promise<void>;
  /** Drops all that are left, and makes no more. */
  dropAll(): Promise<void>;
}

const OWN_NAME = /^tsdb_bench_[a-z]+_\d+_[0-9a-f]{8}$/;
const OBJECT_IN_USE = '55006';
const MOST_TRIES = 20;

/**
 * Databases on the server of `address`, whose own database is only connected to.
 * @throws RefusedError when its user may not create databases.
 */
export async function openDatabases(
  address: string,
  onNote: (text: string) => void = () => undefined,
): Promise<BenchDatabases> {
  await requireCreateDb(address, onNote);
  const made = new Set<string>();
  let closed = false;
  const drop = async (name: string): Promise<void> => {
    if (!closed && !made.has(name)) throw new RefusedError(`${name} is not a database of this benchmark`);
    await dropDatabase(address, name);
    made.delete(name);
  };
  return {
    async create(purpose) {
      const name = `tsdb_bench_${purpose}_${process.pid}_${randomBytes(4).toString('hex')}`;
      if (closed) throw new RefusedError('the benchmark is being stopped');
      made.add(name);
      // template0, as images with TimescaleDB put the extension into template1.
      await withConnection(address, (db) => db.query(`CREATE DATABASE ${ident(name)} TEMPLATE template0`));
      // Ctrl-C in the meantime has dropped what was not there yet.
      if (closed) await drop(name);
      return withDatabase(address, name);
    },
    drop: (of) => drop(nameIn(of)),
    async dropAll() {
      closed = true;
      for (const name of [...made]) await drop(name);
    },
  };
}

const nameIn = (address: string): string => decodeURIComponent(new URL(address).pathname.slice(1));

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

// A TimescaleDB worker that starts while the others are being ended makes a forced drop fail.
async function dropDatabase(address: string, name: string): Promise<void> {
  if (!OWN_NAME.test(name)) throw new RefusedError(`${name} is not the name of a benchmark's database`);
  for (let tried = 1; ; tried += 1) {
    try {
      await withConnection(address, (db) => db.query(`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`));
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== OBJECT_IN_USE || tried === MOST_TRIES) throw error;
      await sleep(200);
    }
  }
}
