// For *.db.test.ts files: the servers that jest-setup.ts started, and databases of their own on them.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { codeOf } from './errors';
import { withClient, withDatabase } from './server-facts';

/** A server that tests may use. */
export interface TestServer {
  readonly engine: 'postgres' | 'timescaledb';
  /** Of a database that is not for use: create your own with `createTestDatabase`. */
  readonly url: string;
  /** For people, for example `PostgreSQL 18.4 (embedded)`. */
  readonly describe: string;
}

/** A database of one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, ending sessions that are still open. */
  drop(): Promise<void>;
}

const OBJECT_IN_USE = '55006';

/** The servers of this test run; with an engine, those of that engine. For `describe.each` and lookups. */
export function testServers(engine?: TestServer['engine']): TestServer[] {
  const text = process.env.TSDB_TEST_SERVERS;
  if (text === undefined) {
    throw new Error('TSDB_TEST_SERVERS is not set; run this file in the jest project "db" (npm run test:db)');
  }
  const servers = JSON.parse(text) as TestServer[];
  return servers.filter((server) => engine === undefined || server.engine === engine);
}

/**
 * `describe` once per server of the engine, or once per server with `'any'`. Without such a server
 * the suite is shown as skipped (`describe.each` of nothing would be an error).
 */
export function describeOn(
  engine: TestServer['engine'] | 'any',
  title: string,
  body: (server: TestServer) => void,
): void {
  const servers = testServers(engine === 'any' ? undefined : engine);
  for (const server of servers) describe(`${title} [${server.engine}]`, () => body(server));
  if (servers.length === 0) {
    describe.skip(`${title} [${engine}]`, () => {
      it(`needs a server with engine ${engine}`, () => undefined);
    });
  }
}

/** Creates an empty database with a name of its own. `CREATE EXTENSION` is left to the code under test. */
export async function createTestDatabase(server: Pick<TestServer, 'url'>): Promise<TestDatabase> {
  const name = `tsdb_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  // template0, as images with TimescaleDB put the extension into template1
  await withClient(server.url, (client) =>
    client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE template0`),
  );
  return { url: withDatabase(server.url, name), drop: () => dropDatabase(server.url, name) };
}

/** A TimescaleDB worker that starts while the others are being ended makes a forced drop fail. */
async function dropDatabase(url: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withClient(url, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`),
      );
      return;
    } catch (error) {
      if (codeOf(error) !== OBJECT_IN_USE || attempt === 5) throw error;
      await sleep(200);
    }
  }
}
