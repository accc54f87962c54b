// Set `serving` for an owner who may create neither roles nor databases, as on a managed service: it grants roles that are there.
import { randomBytes } from 'node:crypto';
import { role } from '../language/access';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, describeOn, type TestDatabase } from '../local/test-servers';
import { service } from '../schema/service';
import { serving } from '../schema/serving';
import { withConnection } from '../server/connection';
import { applySets, execute, planSets } from '../testing/apply';
import { plant } from '../testing/sets';

const DENIED = '42501';

describeOn('postgres', 'set serving', (server) => {
  const owner = `managed_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const sets = [plant({ realTime: false }), service, serving];
  let database: TestDatabase;
  let url = '';

  /** As the administration of the service makes a login. Other tests share the server, so it may be there. */
  const login = (role: string): string =>
    `DO $$ BEGIN CREATE ROLE ${role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

  beforeAll(async () => {
    database = await createTestDatabase(server);
    const name = new URL(database.url).pathname.slice(1);
    await execute(
      database.url,
      login('tsdbreader'),
      login('tsdbapi'),
      `CREATE ROLE ${owner} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD '${password}'`,
      `ALTER DATABASE "${name}" OWNER TO ${owner}`,
    );
    const address = new URL(database.url);
    address.username = owner;
    address.password = password;
    url = address.href;
  });
  afterAll(async () => {
    await database?.drop();
    await execute(server.url, `DROP ROLE IF EXISTS ${owner}`);
  });

  it('can be applied, and nothing is left to do', async () => {
    await applySets(url, sets);
    expect((await planSets(url, sets)).steps).toEqual([]);
  });

  it.each([
    ['tsdbapi', `INSERT INTO plant.metric VALUES ('2026-01-01', 'a', 1)`, 'ok'],
    ['tsdbapi', 'SELECT hash FROM service.api_key', 'ok'],
    ['tsdbapi', 'SELECT * FROM tsdb.job', 'ok'],
    ['tsdbapi', 'DROP TABLE plant.metric', DENIED],
    ['tsdbapi', 'CREATE TABLE plant.other ()', DENIED],
    ['tsdbreader', 'SELECT * FROM plant.metric_hourly', 'ok'],
    ['tsdbreader', `INSERT INTO plant.metric VALUES ('2026-01-01', 'b', 1)`, DENIED],
    ['tsdbreader', 'SELECT hash FROM service.api_key', DENIED],
  ])('lets %s run: %s gives %s', async (role, sql, outcome) => {
    const found = await withConnection(database.url, async (db) => {
      await db.query(`SET ROLE ${role}`);
      return db.query(sql).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      );
    });
    expect(found).toBe(outcome);
  });

  it('is needed, because such an owner may make no roles', async () => {
    // A name of its own: other tests on this server make the roles of set access.
    const absent = schemaSet('absent', [role(`absent_${randomBytes(4).toString('hex')}`, 'read')]);
    const refused = applySets(url, [plant({ realTime: false }), service, absent]);
    await expect(refused).rejects.toThrow(/permission denied/);
  });
});
