// Proves that the test servers are what they say, and that test databases are empty and go away.
import { withClient, withDatabase } from './server-facts';
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
  it('creates a database of its own without the extension of TimescaleDB, and drops it under open sessions', async () => {
    const database = await createTestDatabase(server);
    const other = await createTestDatabase(server);
    expect(database.url).not.toBe(other.url);
    await other.drop();
    const extensions = await withClient(database.url, async (client) => {
      const { rows } = await client.query('SELECT extname FROM pg_catalog.pg_extension ORDER BY extname');
      await database.drop();
      return rows;
    });
    const present = server.engine === 'citus' ? ['citus', 'plpgsql'] : ['plpgsql'];
    expect(extensions).toEqual(present.map((extname) => ({ extname })));
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

describeOn('citus', 'the Citus cluster', (server) => {
  const [worker = ''] = server.workers ?? [];

  /** Rows on the coordinator and on the first worker, where a table of the same name can be read too. */
  const counts = async (url: string): Promise<readonly string[]> =>
    Promise.all(
      [url, withDatabase(worker, decodeURIComponent(new URL(url).pathname.slice(1)))].map((at) =>
        withClient(at, async (client) => {
          const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM plant');
          return rows[0]?.count ?? '';
        }),
      ),
    );

  const distributed: Template = {
    key: 'a distributed table',
    build: (url) =>
      withClient(url, async (client) => {
        await client.query('CREATE TABLE plant (id int)');
        await client.query(`SELECT create_distributed_table('plant', 'id')`);
        await client.query('INSERT INTO plant SELECT generate_series(1, 100)');
      }),
  };

  it('clones a database with its shards, and the clones do not share them', async () => {
    const [first, second] = (await Promise.all(
      [1, 2].map(() => createTestDatabase(server, distributed)),
    )) as [TestDatabase, TestDatabase];
    await withClient(first.url, (client) => client.query('DELETE FROM plant WHERE id <= 10'));
    expect([await counts(first.url), await counts(second.url)]).toEqual([
      ['90', '90'],
      ['100', '100'],
    ]);
    const { placed, health } = await withClient(first.url, async (client) => ({
      placed: (await client.query('SELECT DISTINCT nodename, nodeport FROM citus_shards')).rowCount,
      health: (await client.query('SELECT DISTINCT result FROM citus_check_cluster_node_health()')).rows,
    }));
    expect(placed).toBe(server.workers?.length);
    expect(health).toEqual([{ result: true }]);
    for (const database of [first, second]) await database.drop();
    await expect(counts(first.url)).rejects.toMatchObject({ code: '3D000' });
  });

  it('lets a login with a password of its own use the shards, and refuses a wrong password', async () => {
    const database = await createTestDatabase(server, distributed);
    const name = `reader_${new URL(database.url).pathname.slice(1)}`;
    const as = (password: string): string => {
      const address = new URL(database.url);
      address.username = name;
      address.password = password;
      return address.href;
    };
    await withClient(database.url, async (client) => {
      await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'right'`);
      await client.query(`GRANT SELECT ON plant TO ${name}`);
    });
    const count = (password: string): Promise<unknown> =>
      withClient(as(password), async (client) => (await client.query('SELECT count(*) FROM plant')).rows[0]);
    expect(await count('right')).toEqual({ count: '100' });
    await expect(count('wrong')).rejects.toMatchObject({ code: '28P01' });
    await withClient(database.url, (client) => client.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`));
    await database.drop();
  });

  it('drops a database whose worker holds a prepared transaction', async () => {
    const database = await createTestDatabase(server, distributed);
    const at = withDatabase(worker, new URL(database.url).pathname.slice(1));
    await withClient(at, (client) =>
      client.query(`BEGIN; CREATE TABLE half (id int); PREPARE TRANSACTION 'left over'`),
    );
    await database.drop();
    await expect(withClient(at, async () => undefined)).rejects.toMatchObject({ code: '3D000' });
  });

  it('moves shards while the table is there', async () => {
    const database = await createTestDatabase(server, distributed);
    const moved = await withClient(database.url, async (client) => {
      await client.query(`
        SELECT citus_move_shard_placement(shardid, s.nodename, s.nodeport, n.nodename, n.nodeport, 'force_logical')
          FROM (SELECT * FROM citus_shards ORDER BY shardid LIMIT 1) s
          JOIN pg_dist_node n ON n.shouldhaveshards AND n.nodeport <> s.nodeport`);
      return (await client.query('SELECT count(*) FROM plant')).rows[0];
    });
    expect(moved).toEqual({ count: '100' });
    await database.drop();
  });
});
