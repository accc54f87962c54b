// Empty databases on a server that may hold others, and how they are dropped.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientConfig } from 'pg';
import { ident } from '../db/core/sql';
import { codeOf } from '../db/local/errors';
import { withDatabase } from '../db/local/server-facts';
import { withConnection } from '../db/server/connection';

/** An empty database for one purpose. */
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
  await createEmptyDatabase(address, name);
  return { url: withDatabase(address, name), drop: () => dropDatabase(address, name) };
}

/** Creates a database from template0, as images with TimescaleDB put the extension into template1. */
export async function createEmptyDatabase(server: string | ClientConfig, name: string): Promise<void> {
  await withConnection(server, (db) => db.query(`CREATE DATABASE ${ident(name)} TEMPLATE template0`));
}

/** Drops a database and ends the sessions in it. */
export async function dropDatabase(server: string | ClientConfig, name: string): Promise<void> {
  // A TimescaleDB worker that starts while the others are being ended makes a forced drop fail.
  for (let tried = 1; ; tried += 1) {
    try {
      await withConnection(server, (db) => db.query(`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`));
      return;
    } catch (error) {
      if (codeOf(error) !== OBJECT_IN_USE || tried === MOST_TRIES) throw error;
      await sleep(200);
    }
  }
}
