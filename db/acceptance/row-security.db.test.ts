// Row-level security on tables and rowstore hypertables: declared, compared, repaired, and in force.
import { type RowPolicy, role } from '../language/access';
import { float8, text, timestamptz } from '../language/columns';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, execute } from '../testing/apply';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const TENANT = `tenant = current_setting('app.tenant', true)`;
const own: RowPolicy = { name: 'own_rows', command: 'select', to: 'tsdb_test_tenant', using: TENANT };
const writeOwn: RowPolicy = { name: 'write_own', command: 'insert', to: 'tsdb_test_tenant', check: TENANT };

const office = (policies: readonly RowPolicy[] | undefined): SchemaSet =>
  schemaSet('office', [
    role('tsdb_test_tenant', 'write'),
    table('office.account', {
      columns: { tenant: text().notNull(), name: text().notNull() },
      primaryKey: ['tenant', 'name'],
      ...(policies ? { rowSecurity: policies } : {}),
    }),
    hypertable('office.usage', {
      columns: { time: timestamptz().notNull(), tenant: text().notNull(), amount: float8() },
      time: 'time',
      chunkInterval: '1 day',
      indexes: [index('tenant', desc('time'))],
      ...(policies ? { rowSecurity: policies } : {}),
    }),
  ]);

const cases: readonly ReconcilerCase[] = [
  { name: 'creates policies', from: [], to: [office([own, writeOwn])] },
  {
    name: 'sees them as declared',
    from: [office([own, writeOwn])],
    to: [office([own, writeOwn])],
    steps: [],
  },
  {
    name: 'adds row security to tables that have none',
    from: [office(undefined)],
    to: [office([own])],
    steps: ['row-security:office.account', 'row-security:office.usage'],
  },
  {
    name: 'changes and removes policies',
    from: [office([own, writeOwn])],
    to: [office([{ ...own, using: `${TENANT} OR tenant = 'public'` }])],
    steps: ['row-security:office.account', 'row-security:office.usage'],
  },
  {
    name: 'repairs what was changed by hand',
    from: [office([own])],
    drift: [
      'ALTER TABLE office.account DISABLE ROW LEVEL SECURITY',
      'CREATE POLICY everything ON office.usage FOR SELECT TO tsdb_test_tenant USING (true)',
    ],
    to: [office([own])],
    steps: ['row-security:office.account', 'row-security:office.usage'],
  },
  {
    name: 'leaves policies alone where none are declared, and says so',
    from: [office(undefined)],
    drift: ['CREATE POLICY by_hand ON office.account USING (true)'],
    to: [office(undefined)],
    steps: [],
    leaves: ['row policy by_hand of office.account'],
  },
];

runCases(cases);

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (_engine, server) => {
  it('lets a tenant see and write its own rows only', async () => {
    const database = await createTestDatabase(server, applied([office([own, writeOwn])]));
    await execute(
      database.url,
      `INSERT INTO office.usage SELECT now() - n * interval '1 hour', CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, n FROM generate_series(1, 100) n`,
    );
    await withConnection(database.url, async (db) => {
      await db.query(`SET ROLE tsdb_test_tenant`);
      await db.query(`SET app.tenant = 'a'`);
      expect(
        (
          await db.query(
            'SELECT count(*)::int AS rows, count(DISTINCT tenant)::int AS tenants FROM office.usage',
          )
        ).rows,
      ).toEqual([{ rows: 50, tenants: 1 }]);
      await db.query(`INSERT INTO office.usage VALUES (now(), 'a', 1)`);
      await expect(db.query(`INSERT INTO office.usage VALUES (now(), 'b', 1)`)).rejects.toMatchObject({
        code: '42501',
      });
    });
    await database.drop();
  });
});
