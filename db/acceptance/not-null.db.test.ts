// Columns that are NOT NULL in the table: those that nobody declares any more, and those that are not validated.

import { integer, text } from '../language/columns';
import { schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { dialectOf } from '../model';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { compressed, filled, some, tableSet } from '../testing/columns-sets';

const INSERT = `INSERT INTO plant.metric (at, device, value, level) VALUES (date_trunc('day', now()) - interval '1 hour', 'x', 1, 1)`;
const required = [some(integer().notNull())];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  afterEach(() => database.drop());

  it('a removed column that is NOT NULL without a default stops rejecting rows, and stays', async () => {
    database = await createTestDatabase(server, applied(required));
    const { url } = database;
    const fill = filled[dialectOf(engine)].map((sql) =>
      sql.replace('value, level)', 'value, level, extra)').replace('n, n FROM', 'n, n, n FROM'),
    );
    await execute(url, ...fill);
    await expect(execute(url, INSERT)).rejects.toMatchObject({ code: '23502' });

    const plan = await planSets(url, [tableSet()]);
    expect(plan.refusals).toEqual([]);
    expect(plan.undeclared).toEqual(['column extra of plant.metric']);
    expect(plan.steps).toMatchObject([
      {
        id: 'column-nullable:plant.metric.extra',
        summary:
          'allow NULL in extra, which is not declared and would reject every new row; the column and its values stay',
        hazards: [],
      },
    ]);
    await applySets(url, [tableSet()]);
    expect((await planSets(url, [tableSet()])).steps).toEqual([]);
    await execute(url, INSERT);
    expect(
      await select(url, 'SELECT count(*)::int AS rows, count(extra)::int AS kept FROM plant.metric'),
    ).toEqual([{ rows: 61, kept: 60 }]);
  });

  it('a removed column with a default, or one that allows NULL, needs nothing', async () => {
    database = await createTestDatabase(server, applied([some(integer().notNull().default('1'))]));
    const plan = await planSets(database.url, [tableSet()]);
    expect({ steps: plan.steps, undeclared: plan.undeclared }).toEqual({
      steps: [],
      undeclared: ['column extra of plant.metric'],
    });
  });

  it('an undeclared column of a primary key of a hypertable is refused', async () => {
    database = await createTestDatabase(server, applied(required));
    await execute(database.url, 'ALTER TABLE plant.metric ADD PRIMARY KEY (at, device, extra)');
    const plan = await planSets(database.url, [tableSet()]);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals.map(({ what }) => what)).toEqual([
      'column extra is not declared, and rejects every row that is written as declared',
    ]);
  });

  it('the rows that hinder NOT NULL are named', async () => {
    database = await createTestDatabase(server, applied([some(integer())]));
    await execute(
      database.url,
      ...filled[dialectOf(engine)],
      `UPDATE plant.metric SET extra = 1 WHERE level > 5`,
    );
    const plan = await planSets(database.url, required);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals[0]?.why).toMatch(
      /^it is NULL in 5 rows, for example \(at = '[-0-9]+T14:00:00\+00:00', device = 'device 2'\), \(at = '[^']+T16:00:00\+00:00', device = 'device 1'\), \(at = '[^']+T18:00:00\+00:00', device = 'device 0'\)$/,
    );
  });

  it('NOT NULL that is not valid is validated, once no row has NULL', async () => {
    database = await createTestDatabase(server, applied([some(integer())]));
    const { url } = database;
    const [version] = await select<{ number: number }>(
      url,
      `SELECT current_setting('server_version_num')::int AS number`,
    );
    if ((version?.number ?? 0) < 180_000) return;
    await execute(url, ...filled[dialectOf(engine)], `UPDATE plant.metric SET extra = 1 WHERE level > 2`);
    if (engine === 'timescaledb') await execute(url, compressed());
    await execute(url, 'ALTER TABLE plant.metric ADD CONSTRAINT extra_given NOT NULL extra NOT VALID');

    const refused = await planSets(url, required);
    expect(refused.steps).toEqual([]);
    expect(refused.refusals).toMatchObject([
      {
        what: 'column extra is NOT NULL only for new rows (NOT VALID), declared NOT NULL',
        why: expect.stringMatching(/^it is NULL in 2 rows, for example \(at = /),
      },
    ]);
    await execute(url, 'UPDATE plant.metric SET extra = 1 WHERE extra IS NULL');
    const plan = await planSets(url, required);
    expect(plan.refusals).toEqual([]);
    expect(plan.steps.map(({ id, hazards }) => [id, hazards.map(({ name }) => name)])).toEqual([
      ['column-not-null:plant.metric.extra', ['blocks-writes']],
    ]);
    await applySets(url, required, ['blocks-writes']);
    expect(
      await select(url, `SELECT FROM pg_constraint WHERE contype = 'n' AND NOT convalidated`),
    ).toHaveLength(0);
    expect((await planSets(url, required)).steps).toEqual([]);
  });

  it('of a table that holds secrets, no row is named', async () => {
    const secret = (note: ReturnType<typeof text>) => [
      schemaSet('plant', [
        table('plant.login', { columns: { name: text(), note }, primaryKey: ['name'], secret: true }),
      ]),
    ];
    database = await createTestDatabase(server, applied(secret(text())));
    await execute(database.url, `INSERT INTO plant.login VALUES ('hidden', NULL)`);
    const plan = await planSets(database.url, secret(text().notNull()));
    expect(plan.refusals[0]?.why).toBe('it is NULL in 1 row');
  });
});
