// An empty database on a server that may hold others: created for one purpose and dropped afterwards.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ident } from '../db/core/sql';
import { codeOf } from '../db/local/errors';
import { withDatabase } from '../db/local/server-facts';
import { withConnection } from '../db/server/connection';

/** An empty database. */
export interface ThrowawayDatabase {
  readonly url: string;
  /** Drops it, ending sessions that are still open. */
  drop(): Promise<void>;
}

const OBJECT_IN_USE = '55006';
const MOST_TRIES = 20;

/**
 * Creates a database `<prefix>_<process>_<random>` on the server of `address`.
 * @throws the server's error when the user of the address may not create databases.
 */
export async function createThrowaway(address: string, prefix: string): Promise<ThrowawayDatabase> {
  const name = `${prefix}_${process.pid}_${randomBytes(4).toString('hex')}`;
  // template0, as images with TimescaleDB put the extension into template1.
  await withConnection(address, (db) => db.query(`CREATE DATABASE ${ident(name)} TEMPLATE template0`));
  return { url: withDatabase(address, name), drop: () => dropDatabase(address, name) };
}

// A TimescaleDB worker that starts while the others are being ended makes a forced drop fail.
async function dropDatabase(address: string, name: string): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await withConnection(address, (db) => db.query(`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`));
      return;
    } catch (error) {
      if (codeOf(error) !== OBJECT_IN_USE || tried === MOST_TRIES) throw error;
      await sleep(200);
    }
  }
}
