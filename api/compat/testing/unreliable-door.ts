// A server that clients of other databases connect to, with keys, and an unreliable way to it.
import type { Environment } from '../../../db/core/settings';
import type { Desired } from '../../../db/language/desired';
import { desiredFrom } from '../../../db/language/desired';
import { createTestDatabase, type TestServer } from '../../../db/local/test-servers';
import { selectSets } from '../../../db/schema/sets';
import { asking } from '../../../db/server/ask';
import { createKey, type Role } from '../../access/keys';
import { readConfig } from '../../config';
import { openDatabase } from '../../database/database';
import { startServer } from '../../server';
import { fixture } from '../../testing/fixture';
import { type Fate, startUnreliableProxy, type UnreliableProxy } from './unreliable-proxy';

/** What the unreliable way does to writes, in turn. */
const PLAN: readonly Fate[] = ['unanswered', 'passed', 'lost', 'passed', 'unavailable', 'passed', 'passed'];

/** A server under test. */
export interface DoorUnderTest {
  /** The way that works. */
  readonly url: string;
  /** The way that loses requests and answers. */
  readonly proxy: UnreliableProxy;
  readonly databaseUrl: string;
  readonly keys: Readonly<Record<Role, string>>;
  /** The rows of a query. */
  rows(sql: string): Promise<Readonly<Record<string, unknown>>[]>;
  stop(): Promise<void>;
}

/** Sets that are served, and settings by their environment names. */
export interface DoorOptions {
  readonly env?: Environment;
  /** Default: the sets `iot`, `telemetry` and `service`. */
  readonly desired?: Desired;
}

/** Starts it. */
export async function startDoor(server: TestServer, options: DoorOptions = {}): Promise<DoorUnderTest> {
  const { env = {}, desired = desiredFrom(selectSets('iot,telemetry,service')) } = options;
  const test = await createTestDatabase(server, fixture(desired));
  const settings = { PORT: '0', LOG_LEVEL: 'silent', TSDB_API_AUTH: 'keys', ...env };
  const config = { ...readConfig({ ...settings, DATABASE_URL: test.url }), desired };
  const database = openDatabase(config);
  const keyOf = async (role: Role): Promise<string> =>
    (await createKey(asking(database.keys), { name: `of a ${role}`, role })).key;
  const keys = { read: await keyOf('read'), write: await keyOf('write'), admin: await keyOf('admin') };
  const running = await startServer(config, { signals: 'ignore' });
  const proxy = await startUnreliableProxy(running.url, PLAN);
  return {
    url: running.url,
    proxy,
    databaseUrl: test.url,
    keys,
    rows: async (sql) => (await database.reader.query(sql)).rows,
    stop: async () => {
      await proxy.close();
      await running.close();
      await database.end();
      await test.drop();
    },
  };
}
