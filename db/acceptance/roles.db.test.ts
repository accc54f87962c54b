// Group roles: what each may do and may not, on both engines, and repairs of grants changed by hand.
import { randomBytes } from 'node:crypto';
import { role } from '../language/access';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { access } from '../schema/access';
import { service } from '../schema/service';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets } from '../testing/apply';
import { plant } from '../testing/sets';

const DENIED = '42501';
// A real-time view is a union; one that shows stored buckets only could be written to, were it granted.
const NOT_UPDATABLE = '55000';

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'roles on %s',
  (_engine, server) => {
    let database: TestDatabase;
    const sets = [plant({ realTime: false }), service, access];

    beforeAll(async () => {
      database = await createTestDatabase(server, applied(sets));
      await execute(database.url, `INSERT INTO plant.metric VALUES (now() - interval '2 hours', 'a', 1)`);
    });
    afterAll(() => database.drop());

    /** The SQLSTATE that a role gets, or `ok`. */
    const as = (role: string, sql: string): Promise<string> =>
      withConnection(database.url, async (db) => {
        await db.query(`SET ROLE ${role}`);
        try {
          await db.query(sql);
          return 'ok';
        } catch (error) {
          return (error as { code: string }).code;
        }
      });

    const insert = (table: string): string =>
      `INSERT INTO plant.${table} SELECT * FROM plant.${table} LIMIT 1`;

    it.each([
      ['tsdb_reader', 'SELECT * FROM plant.metric', 'ok'],
      ['tsdb_reader', 'SELECT * FROM plant.metric_hourly', 'ok'],
      ['tsdb_reader', 'SELECT * FROM plant.metric_daily', 'ok'],
      ['tsdb_reader', insert('metric'), DENIED],
      ['tsdb_reader', 'DELETE FROM plant.metric', DENIED],
      ['tsdb_reader', 'SELECT * FROM tsdb.journal', DENIED],
      ['tsdb_reader', 'SELECT * FROM service.dead_letter', 'ok'],
      // Secret: hashes of keys.
      ['tsdb_reader', 'SELECT id FROM service.api_key', DENIED],
      ['tsdb_monitor', 'SELECT id FROM service.api_key', DENIED],
      // Who may write keys is an administrator of the API: its own login alone.
      ['tsdb_writer', 'SELECT * FROM service.api_key', DENIED],
      [
        'tsdb_writer',
        `INSERT INTO service.api_key (id, name, role, hash) VALUES ('x', 'x', 'admin', 'x')`,
        DENIED,
      ],
      ['tsdb_api', 'SELECT * FROM service.api_key', 'ok'],
      ['tsdb_api', 'UPDATE service.api_key SET revoked_at = now()', 'ok'],
      ['tsdb_api', insert('metric'), 'ok'],
      ['tsdb_writer', 'DELETE FROM service.dead_letter', 'ok'],
      ['tsdb_writer', 'TRUNCATE service.dead_letter', DENIED],
      ['tsdb_writer', insert('metric'), 'ok'],
      ['tsdb_writer', `INSERT INTO plant.metric VALUES (now() + interval '300 days', 'far', 1)`, 'ok'],
      ['tsdb_writer', 'SELECT * FROM plant.metric_daily', 'ok'],
      ['tsdb_writer', insert('metric_daily'), NOT_UPDATABLE],
      [
        'tsdb_writer',
        'INSERT INTO plant.metric_hourly (device) VALUES (1)',
        // Citus refuses the statement before it looks at the rights.
        server.engine === 'citus' ? '0A000' : DENIED,
      ],
      ['tsdb_writer', 'DELETE FROM plant.metric_hourly', DENIED],
      ['tsdb_writer', 'UPDATE plant.metric SET value = 0', DENIED],
      ['tsdb_writer', 'DROP TABLE plant.metric', DENIED],
      ['tsdb_monitor', 'SELECT * FROM tsdb.journal', 'ok'],
      ['tsdb_monitor', 'SELECT * FROM plant.metric', DENIED],
    ])('%s: %s → %s', async (role, sql, outcome) => {
      expect(await as(role, sql)).toBe(outcome);
    });

    it('is in sync afterwards and repairs grants changed by hand', async () => {
      expect((await planSets(database.url, sets)).steps).toEqual([]);
      await execute(
        database.url,
        'REVOKE SELECT ON plant.metric_daily FROM tsdb_reader',
        'GRANT DELETE ON plant.metric TO tsdb_writer',
        'REVOKE USAGE ON SCHEMA plant FROM tsdb_writer',
      );
      expect((await planSets(database.url, sets)).steps.map(({ id }) => id)).toEqual([
        'grant:tsdb_reader',
        'grant:tsdb_writer',
        'revoke:tsdb_writer',
      ]);
      await applySets(database.url, sets);
      expect((await planSets(database.url, sets)).steps).toEqual([]);
      expect(await as('tsdb_reader', 'SELECT * FROM plant.metric_daily')).toBe('ok');
      expect(await as('tsdb_writer', 'DELETE FROM plant.metric')).toBe(DENIED);
    });

    it('are made once when several databases of a server get them at the same moment', async () => {
      const names = ['read', 'monitor'] as const;
      const own = `tsdb_test_${randomBytes(4).toString('hex')}`;
      const roles = schemaSet(
        'access',
        names.map((access) => role(`${own}_${access}`, access)),
      );
      const databases = await Promise.all(
        Array.from({ length: 5 }, () => createTestDatabase(server, applied([plant({ realTime: false })]))),
      );
      const wanted = [plant({ realTime: false }), roles];
      await Promise.all(databases.map(({ url }) => applySets(url, wanted)));
      for (const { url } of databases) expect((await planSets(url, wanted)).steps).toEqual([]);
      await Promise.all(databases.map((one) => one.drop()));
      await execute(database.url, ...names.map((access) => `DROP ROLE ${own}_${access}`));
    });
  },
);
