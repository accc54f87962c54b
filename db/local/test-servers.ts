// For *.db.test.ts files: the servers that jest-setup.ts started, and databases of their own on them.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { EngineName } from '../model';
import { joinNodes } from './citus-nodes';
import { codeOf } from './errors';
import { withClient, withDatabase } from './server-facts';

/** A server that tests may use. */
export interface TestServer {
  readonly engine: EngineName;
  /** Address of a database that tests do not use; `createTestDatabase` creates one for them. */
  readonly url: string;
  /** For people, for example `PostgreSQL 18.4 (embedded)`. */
  readonly describe: string;
  /** A second server of the same installation that runs background jobs; absent when the server at `url` runs them itself or has none. */
  readonly jobsUrl?: string;
  /** Only with engine `citus`, whose coordinator is at `url`: the addresses of the same database on the workers. */
  readonly workers?: readonly string[];
}

/** The server that a test database is made on. */
type Place = Pick<TestServer, 'url' | 'workers'>;

/**
 * What a database holds from its beginning. It is built once in a test run and cloned for every test that asks for the
 * same key, because a clone takes milliseconds and an apply seconds. The content must not depend on the time of day.
 */
export interface Template {
  /** Everything that `build` depends on, except `base`; compared as JSON. */
  readonly key: unknown;
  /** The template that this one extends; absent means an empty database. */
  readonly base?: Template;
  /** Fills the database at this address. */
  build(url: string): Promise<void>;
}

/** A database of one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, ending sessions that are still open. */
  drop(): Promise<void>;
}

const OBJECT_IN_USE = '55006';
const NOT_CONNECTABLE = '55000';

/** The servers of this test run, or only those of one engine. For `describe.each` and lookups. */
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
    describe.skip(`${title} (skipped: no server has engine ${engine})`, () => {
      it('needs one', () => undefined);
    });
  }
}

/** The server for suites about TimescaleDB's own background jobs, which would only disturb all other suites. */
export const withJobs = (server: TestServer): TestServer => ({
  ...server,
  url: server.jobsUrl ?? server.url,
});

/**
 * Creates a database with a unique name: a clone of a template, or an empty one, in which the tested code creates the extension.
 * With engine `citus` it is a database on every node, and also the empty one has the extension and knows its workers.
 */
export async function createTestDatabase(server: Place, template?: Template): Promise<TestDatabase> {
  const name = `tsdb_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const source = template === undefined ? await emptySource(server) : await builtTemplate(server, template);
  await onNodes(server, (client) => createDatabase(client, name, source));
  return { url: withDatabase(server.url, name), drop: () => dropDatabase(server, name) };
}

const nodesOf = ({ url, workers = [] }: Place): readonly string[] => [url, ...workers];

async function onNodes(server: Place, use: (client: Client) => Promise<unknown>): Promise<void> {
  await Promise.all(nodesOf(server).map((url) => withClient(url, use)));
}

/** Not template1, because images with TimescaleDB create the extension there. */
const EMPTY = 'template0';

/** The name of the database that empty ones are cloned from. */
async function emptySource(server: Place): Promise<string> {
  if (server.workers === undefined) return EMPTY;
  const joined: Template = { key: 'an empty database of Citus', build: (url) => joinNodes(server, url) };
  return builtTemplate(server, joined, EMPTY);
}

/** Copying files is several times faster than copying through the log, as these servers do not force anything to disk. */
const createDatabase = (client: Client, name: string, source: string): Promise<unknown> =>
  client.query(
    `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(source)} STRATEGY file_copy`,
  );

/** The names of the template databases of a run begin with this. */
export const templatePrefix = (run = process.env.TSDB_TEST_RUN): string => `tsdb_template_${run}_`;

/** The name of the template database. The first worker that needs it builds it, and the others wait. */
async function builtTemplate(server: Place, template: Template, origin?: string): Promise<string> {
  const { base, build } = template;
  const digest = createHash('sha256')
    .update(JSON.stringify(keysOf(template)))
    .digest('hex')
    .slice(0, 16);
  const name = `${templatePrefix()}${digest}`;
  const source =
    origin ?? (base === undefined ? await emptySource(server) : await builtTemplate(server, base));
  await withClient(server.url, async (client) => {
    // Held until the session ends.
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const { rows } = await client.query<{ ready: boolean }>(
      'SELECT datistemplate AS ready FROM pg_database WHERE datname = $1',
      [name],
    );
    if (rows[0]?.ready) return;
    // If the database exists already, a worker died while it built it.
    await dropDatabase(server, name);
    await onNodes(server, (node) => createDatabase(node, name, source));
    await build(withDatabase(server.url, name));
    await closeTemplate(server, name);
  });
  return name;
}

/** A template takes no sessions, so no scheduler of TimescaleDB and no daemon of Citus can connect and hold up the cloning. */
async function closeTemplate(server: Place, name: string): Promise<void> {
  const alter = `ALTER DATABASE ${escapeIdentifier(name)}`;
  // On all nodes first: they also connect to one another.
  await onNodes(server, (node) => node.query(`${alter} ALLOW_CONNECTIONS false`));
  await onNodes(server, (node) =>
    node.query('SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1', [name]),
  );
  // Last on the coordinator, where the mark says that the template is ready.
  for (const url of nodesOf(server).toReversed())
    await withClient(url, (node) => node.query(`${alter} IS_TEMPLATE true`));
}

const keysOf = ({ key, base }: Template): readonly unknown[] =>
  base === undefined ? [key] : [...keysOf(base), key];

/** Drops the templates of this run; for a server that outlives it. */
export async function dropTemplates(server: Place): Promise<void> {
  for (const url of nodesOf(server)) {
    const names = await withClient(url, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'SELECT datname AS name FROM pg_database WHERE starts_with(datname::text, $1)',
        [templatePrefix()],
      );
      return rows.map(({ name }) => name);
    });
    for (const name of names) {
      await withClient(url, (client) =>
        client.query(`ALTER DATABASE ${escapeIdentifier(name)} IS_TEMPLATE false`),
      );
      await dropDatabaseAt(url, name);
    }
  }
}

/** First on the coordinator, which writes to the workers. */
async function dropDatabase(server: Place, name: string): Promise<void> {
  await dropDatabaseAt(server.url, name);
  await Promise.all((server.workers ?? []).map((url) => dropDatabaseAt(url, name)));
}

/** Tries again, because a TimescaleDB worker that starts at the wrong moment makes a forced drop fail. */
async function dropDatabaseAt(url: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withClient(url, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`),
      );
      return;
    } catch (error) {
      if (codeOf(error) !== OBJECT_IN_USE || attempt === 5) throw error;
      await forgetPrepared(withDatabase(url, name));
      await sleep(200);
    }
  }
}

/** Rolls back what a coordinator prepared whose session was ended before it committed: it keeps the database from being dropped. */
async function forgetPrepared(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ gid: string }>(
      'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
    );
    for (const { gid } of rows) await client.query(`ROLLBACK PREPARED ${escapeLiteral(gid)}`);
  }).catch((error: unknown) => {
    if (codeOf(error) !== NOT_CONNECTABLE) throw error; // a template, which holds none
  });
}
