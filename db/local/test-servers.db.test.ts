// Proves that the test servers are what they say, and that test databases are empty and go away.
import { withClient } from './server-facts';
import { createTestDatabase, describeOn, testServers } from './test-servers';

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
  it('can create the extension and run background workers for it', async () => {
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
});
