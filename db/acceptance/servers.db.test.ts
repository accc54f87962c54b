// Servers and roles that an operator has limited: time limits, owners without special rights, and an extension in another schema.
import { Client } from 'pg';
import { RefusedError } from '../core/errors';
import { createTestDatabase, describeOn, type TestDatabase, testServers } from '../local/test-servers';
import { applySets, execute, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';

const LIMITS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
];

/** `"name"` of the database at an address. */
const nameOf = (url: string): string => `"${new URL(url).pathname.slice(1)}"`;

/** Runs statements outside of the tested code, which may refuse the database. */
async function asOperator(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(server);
  });
  afterEach(() => database.drop());

  it('time limits of the database do not end a plan or an apply', async () => {
    const { url } = database;
    const known = await select<{ name: string }>(url, `SELECT name FROM pg_settings WHERE name = ANY ($1)`, [
      LIMITS,
    ]);
    // A session must live long enough to lift the limit of its transactions.
    const limit = (name: string): string => (name === 'transaction_timeout' ? '1min' : '1ms');
    await asOperator(
      url,
      ...known.map(({ name }) => `ALTER DATABASE ${nameOf(url)} SET ${name} = '${limit(name)}'`),
    );
    const inForce = await select(
      url,
      `SELECT name FROM pg_settings WHERE name = ANY ($1) AND setting <> '0'`,
      [LIMITS],
    );
    expect(inForce).toEqual([]);
    await applySets(url, [plant()]);
    expect(await planSets(url, [plant()])).toMatchObject({ steps: [], refusals: [] });
  });

  it('a database whose transactions only read by default can be planned, and an apply says why it cannot', async () => {
    const { url } = database;
    await asOperator(url, `ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`);
    expect((await planSets(url, [plant()])).steps.length).toBeGreaterThan(0);
    await expect(applySets(url, [plant()])).rejects.toThrow(
      /default_transaction_read_only is on; use another server, or ask its operator/,
    );
  });

  it('the owner of a database needs no other rights', async () => {
    const { url } = database;
    const owner = `tsdb_owner_${process.pid}`;
    await execute(
      url,
      `CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`,
      `ALTER DATABASE ${nameOf(url)} OWNER TO ${owner}`,
    );
    const own = new URL(url);
    own.username = owner;
    own.password = 'owner';
    try {
      await expect(select(own.href, 'SHOW shared_preload_libraries')).rejects.toMatchObject({
        code: '42501',
      });
      expect((await planSets(own.href, [plant()])).server.engine).toBe(engine);
      await applySets(own.href, [plant()]);
      expect(await planSets(own.href, [plant()])).toMatchObject({ steps: [], refusals: [] });
    } finally {
      await database.drop();
      await asOperator(server.url, `DROP ROLE ${owner}`);
    }
  });
});

describeOn('timescaledb', 'the extension in another schema', (server) => {
  it('is refused while planning, with the way out', async () => {
    const database = await createTestDatabase(server);
    await execute(database.url, 'CREATE SCHEMA ext', 'CREATE EXTENSION timescaledb SCHEMA ext');
    const refused = planSets(database.url, [plant()]);
    await expect(refused).rejects.toThrow(RefusedError);
    await expect(refused).rejects.toThrow(
      /has the extension timescaledb in schema ext, but only schema public is supported.*; run CREATE EXTENSION timescaledb SCHEMA public in a new database/,
    );
    await database.drop();
  });
});
