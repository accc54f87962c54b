// A rebuild of an aggregate carries over what somebody has put on its columns by hand, and lists what it cannot carry over.

import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { dialectOf } from '../model';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { leftovers } from '../testing/evolution-data';
import { works } from '../testing/evolution-sets';

const STORED = {
  timescaledb: `(SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
                   FROM timescaledb_information.continuous_aggregates WHERE view_name = 'hourly')`,
  postgres: `(SELECT format('tsdb.%I', materialization)::regclass FROM tsdb.continuous_aggregate WHERE view_name = 'hourly')`,
} as const;

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  const role = `tsdb_reader_${process.pid}_${engine}`;
  const indexed = async (): Promise<string> => {
    const [row] = await select<{ table: string }>(
      database.url,
      `SELECT ${STORED[dialectOf(engine)]}::text AS table`,
    );
    return engine === 'timescaledb' ? 'works.hourly' : (row?.table ?? '');
  };
  const attachments = () =>
    select(
      database.url,
      `SELECT ARRAY(SELECT substring(pg_get_indexdef(x.indexrelid) FROM 'USING (.*)$') AS d FROM pg_index x WHERE x.indrelid = ${STORED[dialectOf(engine)]} ORDER BY 1) AS indexes,
              ARRAY(SELECT a.attname || ' ' || p.privilege_type || p.is_grantable FROM pg_attribute a, aclexplode(a.attacl) p
                     WHERE a.attrelid = 'works.hourly'::regclass AND p.grantee = '${role}'::regrole ORDER BY 1) AS grants,
              ARRAY(SELECT a.attname || ': ' || col_description(a.attrelid, a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = 'works.hourly'::regclass AND col_description(a.attrelid, a.attnum) IS NOT NULL ORDER BY 1) AS comments`,
    );
  beforeEach(async () => {
    database = await createTestDatabase(server, applied([works()], 'all jobs'));
    const on = await indexed();
    await execute(
      database.url,
      `CREATE ROLE ${role}`,
      `CREATE INDEX mine ON ${on} (readings)`,
      `CREATE INDEX condition ON ${on} (device) WHERE total_value > 5`,
      `GRANT SELECT (device, readings) ON works.hourly TO ${role}`,
      `GRANT SELECT (total_value) ON works.hourly TO ${role} WITH GRANT OPTION`,
      `COMMENT ON COLUMN works.hourly.readings IS 'it''s counted'`,
      `COMMENT ON COLUMN works.hourly.total_value IS 'added up'`,
    );
  });
  afterEach(async () => {
    await database.drop();
    await execute(server.url, `DROP ROLE ${role}`);
  });

  it('carries over indexes, grants and comments', async () => {
    const before = await attachments();
    expect(before).toEqual([
      {
        indexes: expect.arrayContaining([
          'btree (readings)',
          'btree (device) WHERE (total_value > (5)::double precision)',
        ]),
        grants: ['device SELECTfalse', 'readings SELECTfalse', 'total_value SELECTtrue'],
        comments: [`readings: it's counted`, 'total_value: added up'],
      },
    ]);
    const sets = [works({ bucket: '2 hours' })];
    const plan = await planSets(database.url, sets);
    expect(plan.warnings.filter((warning) => warning.includes('by hand and goes'))).toEqual([]);
    await applySets(database.url, sets);
    expect(await attachments()).toEqual(before);
    expect((await planSets(database.url, sets)).steps).toEqual([]);
    expect(await leftovers(database.url, engine)).toEqual([]);
  });

  it('lists what needs a column that is not declared any more', async () => {
    const sets = [works({ hourly: ['readings'] })];
    const gone = (what: string): string =>
      `${what} of works.hourly was made by hand and goes with the rebuild, because the new aggregate cannot have it`;
    const plan = await planSets(database.url, sets);
    expect(plan.warnings.filter((warning) => warning.includes('by hand and goes'))).toEqual([
      gone('grants on column total_value'),
      gone('index condition'),
      gone('the comment on column total_value'),
    ]);
    await applySets(database.url, sets);
    const [after] = await attachments();
    expect(after).toMatchObject({
      indexes: expect.arrayContaining(['btree (readings)']),
      grants: ['device SELECTfalse', 'readings SELECTfalse'],
      comments: [`readings: it's counted`],
    });
  });
});
