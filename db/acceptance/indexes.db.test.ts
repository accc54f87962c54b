// Indexes on tables with rows: duplicates are found while planning, figures count compressed rows, and a primary key serves.

import { text } from '../language/columns';
import { type Index, index, partial, uniqueIndex } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table as plainTable } from '../language/table';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { dialectOf } from '../model';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { compressed, filled, ROWS, table, tableSet } from '../testing/columns-sets';

const indexed = (...indexes: readonly Index<'at' | 'device' | 'value'>[]): readonly SchemaSet[] => [
  schemaSet('plant', [{ ...table(), indexes }]),
];
const unique = indexed(uniqueIndex('device', 'at'));
/** Writes the rows of the four latest times once more. */
const TWICE = 'INSERT INTO plant.metric SELECT * FROM plant.metric WHERE level <= 4';

const registry = (...indexes: readonly Index<'name'>[]): readonly SchemaSet[] => [
  schemaSet('plant', [
    plainTable('plant.device', { columns: { name: text() }, primaryKey: ['name'], indexes }),
  ]),
];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  afterEach(() => database.drop());
  const onFilled = async (...more: readonly string[]): Promise<string> => {
    database = await createTestDatabase(server, applied([tableSet()]));
    await execute(database.url, ...filled[dialectOf(engine)], ...more);
    return database.url;
  };

  it.each(engine === 'timescaledb' ? ['rows', 'compressed rows'] : ['rows'])(
    'a unique index over %s with duplicates is refused, and three of them are named',
    async (of) => {
      const url = await onFilled(TWICE, ...(of === 'rows' ? [] : [compressed()]));
      const plan = await planSets(url, unique);
      expect(plan.steps).toEqual([]);
      expect(plan.refusals).toEqual([
        {
          object: 'plant.metric',
          what: 'has no unique index on device, at, and cannot get one as long as rows have the same key',
          why: expect.stringMatching(
            /^more than one row has the same key in 4 cases, for example \(device = 'device 0', at = '[-0-9]+ 18:00:00\+00'\), \(device = 'device 1', at = '[-0-9]+ 16:00:00\+00'\), \(device = 'device 1', at = '[-0-9]+ 22:00:00\+00'\)$/,
          ),
          wayOut: expect.stringContaining('GROUP BY "device", "at" HAVING count(*) > 1'),
        },
      ]);
      await expect(applySets(url, unique, ['blocks-writes'])).rejects.toMatchObject({ exitCode: 3 });

      await execute(url, 'DELETE FROM plant.metric WHERE level <= 4');
      const clean = await planSets(url, unique);
      expect(clean.refusals).toEqual([]);
      expect(clean.steps.map(({ id }) => id)).toEqual(['create-index:plant.metric(unique device,at)']);
      await applySets(url, unique, ['blocks-writes']);
      expect((await planSets(url, unique)).steps).toEqual([]);
    },
  );

  it('rows outside of the condition of an index, and rows with NULL in the key, are no duplicates', async () => {
    const url = await onFilled(TWICE, 'UPDATE plant.metric SET value = NULL WHERE level <= 4');
    const condition = indexed(partial(uniqueIndex('device', 'at'), 'value > 4'));
    expect((await planSets(url, condition)).refusals).toEqual([]);
    const withNull = indexed(uniqueIndex('device', 'at', 'value'));
    expect((await planSets(url, withNull)).refusals).toEqual([]);
    await applySets(url, withNull, ['blocks-writes']);
  });

  it('the figures of an index count all rows, also those in the columnstore', async () => {
    const url = await onFilled(...(engine === 'timescaledb' ? [compressed()] : []), 'ANALYZE plant.metric');
    const { steps } = await planSets(url, indexed(index('value')));
    expect(steps).toMatchObject([
      {
        id: 'create-index:plant.metric(value)',
        impact: { chunks: 5, rows: ROWS },
        hazards: [
          {
            name: 'blocks-writes',
            reason: expect.stringMatching(
              /^writes to plant\.metric wait until the index is built \(5 chunks, about 60 rows, \d+\.\d KiB\)$/,
            ),
          },
        ],
      },
    ]);
  });

  it('the index of a primary key serves a declared unique index of the same columns', async () => {
    database = await createTestDatabase(server);
    const { url } = database;
    await applySets(url, registry(uniqueIndex('name')));
    const INDEXES = `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'plant' AND tablename = 'device' ORDER BY 1`;
    expect(await select(url, INDEXES)).toEqual([{ name: 'device_pkey' }]);
    expect(await planSets(url, registry(uniqueIndex('name')))).toMatchObject({ steps: [], undeclared: [] });
    // Whoever has the second one keeps it, and is not told to.
    await execute(url, 'CREATE UNIQUE INDEX twin ON plant.device (name)');
    expect(await planSets(url, registry(uniqueIndex('name')))).toMatchObject({ steps: [], undeclared: [] });
  });

  it('so does the index of a primary key that was added to a hypertable, but not a deferrable one', async () => {
    const url = await onFilled('ALTER TABLE plant.metric ADD PRIMARY KEY (device, at)');
    expect((await planSets(url, unique)).steps).toEqual([]);
    await execute(url, 'ALTER TABLE plant.metric DROP CONSTRAINT metric_pkey');
    if (engine === 'timescaledb') return;
    await execute(url, 'ALTER TABLE plant.metric ADD UNIQUE (device, at) DEFERRABLE');
    expect((await planSets(url, unique)).steps.map(({ id }) => id)).toEqual([
      'create-index:plant.metric(unique device,at)',
    ]);
  });
});
