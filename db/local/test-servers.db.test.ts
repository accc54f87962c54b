// Proves that the test servers are what they say, and that test databases are empty and go away.
import { withClient } from './server-facts';
import {
  createTestDatabase,
  describeOn,
  type Template,
  type TestDatabase,
  testServers,
  withJobs,
} from './test-servers';

describe('testServers', () => {
  it('always has the embedded PostgreSQL', () => {
    expect(testServers('postgres')).toHaveLength(1);
    expect(testServers('postgres')[0]?.describe).toMatch(/^PostgreSQL \d+\S* \(embedded\)$/);
  });
});

describeOn('any', 'createTestDatabase', (server) => {
  it('creates a database of its own without the extension, and drops it under open sessions', async () => {
    const database = await createTestDatabase(server);
    const other = await createTestDatabase(server);
    expect(database.url).not.toBe(other.url);
    await other.drop();
    const extensions = await withClient(database.url, async (client) => {
      const { rows } = await client.query('SELECT extname FROM pg_catalog.pg_extension ORDER BY extname');
      await database.drop();
      return rows;
    });
    expect(extensions).toEqual([{ extname: 'plpgsql' }]);
    await expect(withClient(database.url, async () => undefined)).rejects.toMatchObject({ code: '3D000' });
    await expect(database.drop()).resolves.toBeUndefined();
  });
});

describeOn('any', 'a template', (server) => {
  it('is built once, and each test has a copy of its own', async () => {
    let built = 0;
    const template: Template = {
      key: 'a table with one row',
      build: async (url) => {
        built += 1;
        await withClient(url, (client) => client.query('CREATE TABLE plant AS SELECT 1 AS rows'));
      },
    };
    const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase(server, template)));
    expect(built).toBe(1);
    const [first, second] = databases as [TestDatabase, TestDatabase];
    const rows = (url: string) =>
      withClient(url, async (client) => (await client.query('SELECT rows FROM plant')).rows.length);
    await withClient(first.url, (client) => client.query('DELETE FROM plant'));
    expect([await rows(first.url), await rows(second.url)]).toEqual([0, 1]);
    for (const database of databases) await database.drop();
  });

  it('is built again when the first attempt failed', async () => {
    let attempts = 0;
    const template: Template = {
      key: 'fails at first',
      build: async () => {
        attempts += 1;
        if (attempts === 1) throw new Error('no luck');
      },
    };
    await expect(createTestDatabase(server, template)).rejects.toThrow('no luck');
    await (await createTestDatabase(server, template)).drop();
    expect(attempts).toBe(2);
  });
});

describeOn('postgres', 'the embedded server', (server) => {
  it('has UTC, checksums and a collation that does not depend on the machine', async () => {
    const rows = await withClient(server.url, async (client) => {
      const result = await client.query(`
        SELECT current_setting('timezone') AS timezone, current_setting('data_checksums') AS checksums,
               current_setting('server_encoding') AS encoding, upper('ä') AS upper, 'a' < 'B' AS by_language`);
      return result.rows;
    });
    expect(rows).toEqual([
      { timezone: 'UTC', checksums: 'on', encoding: 'UTF8', upper: 'Ä', by_language: false },
    ]);
  });
});

describeOn('timescaledb', 'the TimescaleDB server', (server) => {
  it('can create the extension of the Community edition', async () => {
    const database = await createTestDatabase(server);
    try {
      await withClient(database.url, async (client) => {
        await client.query('CREATE EXTENSION timescaledb');
        const { rows } = await client.query(`SELECT current_setting('timescaledb.license') AS license`);
        expect(rows).toEqual([{ license: 'timescale' }]);
      });
    } finally {
      await database.drop();
    }
  });

  it('runs no background workers, and has a twin that does', async () => {
    const workers = (url: string) =>
      withClient(url, async (client) => {
        const { rows } = await client.query<{ workers: string }>('SHOW timescaledb.max_background_workers');
        return Number(Object.values(rows[0] ?? {})[0]);
      });
    // A server of DATABASE_URL is taken as it is.
    if (server.jobsUrl === undefined) return;
    expect(await workers(server.url)).toBe(0);
    expect(await workers(withJobs(server).url)).toBeGreaterThan(0);
  });
});
