// One frozen chunk does not stop a conversion of the others; the plan names it and says how to go on.
import { createTestDatabase, describeOn, type TestDatabase } from '../local/test-servers';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { compressed, conversions, filled, tableSet } from '../testing/columns-sets';

const STATES = `SELECT count(*) FILTER (WHERE is_compressed)::int AS converted, count(*)::int AS chunks
                  FROM timescaledb_information.chunks WHERE hypertable_name = 'metric'`;

describeOn('timescaledb', 'a frozen chunk', (server) => {
  let database: TestDatabase;
  let frozen: string;
  beforeEach(async () => {
    database = await createTestDatabase(server, applied([tableSet()], 'all jobs'));
    await execute(database.url, ...filled.timescaledb, compressed());
    const [first] = await select<{ chunk: string }>(
      database.url,
      `SELECT c::text AS chunk FROM public.show_chunks('plant.metric') c ORDER BY c::text LIMIT 1`,
    );
    frozen = (first as { chunk: string }).chunk;
    await execute(database.url, `SELECT _timescaledb_functions.freeze_chunk('${frozen}')`);
  });
  afterEach(() => database.drop());

  const cases = {
    rebuild: {
      keeps: 'keeps the values of added columns only beside its rows, where some commands lose them',
      hazards: ['rewrites-data'],
      after: ['rebuild-chunks:plant.metric'],
      converted: [5, 5],
    },
    layout: {
      keeps: 'keeps its segments and order',
      hazards: ['rewrites-data'],
      after: ['columnstore-layout:plant.metric'],
      converted: [5, 5],
    },
    rows: {
      keeps: 'stays in the columnstore, which therefore stays on',
      hazards: ['rewrites-data', 'drops-object'],
      after: ['columnstore-rows:plant.metric', 'columnstore-off:plant.metric'],
      converted: [1, 0],
    },
  } as const;
  it.each(Object.entries(cases))('is left out of %s', async (name, { keeps, hazards, after, converted }) => {
    const { url } = database;
    const sets = [conversions[name as keyof typeof conversions]];
    const warning = `chunk ${frozen} of plant.metric is frozen and ${keeps}; to convert it too, run "SELECT _timescaledb_functions.unfreeze_chunk('${frozen}')" and apply again`;
    const ofChunks = (warnings: readonly string[]) => warnings.filter((one) => one.startsWith('chunk '));
    await applySets(url, sets, hazards);
    const left = await planSets(url, sets);
    expect({ steps: left.steps, refusals: left.refusals, warnings: ofChunks(left.warnings) }).toEqual({
      steps: [],
      refusals: [],
      warnings: [warning],
    });
    expect(await select(url, STATES)).toEqual([{ converted: converted[0], chunks: 5 }]);
    expect(await select(url, 'SELECT count(*)::int AS rows FROM plant.metric')).toEqual([{ rows: 60 }]);

    await execute(url, `SELECT _timescaledb_functions.unfreeze_chunk('${frozen}')`);
    const rest = await planSets(url, sets);
    expect(rest.steps.map(({ id }) => id)).toEqual(after);
    expect(rest.steps[0]?.impact?.chunks).toBe(1);
    await applySets(url, sets, hazards);
    const done = await planSets(url, sets);
    expect({ steps: done.steps, warnings: ofChunks(done.warnings) }).toEqual({ steps: [], warnings: [] });
    expect(await select(url, STATES)).toEqual([{ converted: converted[1], chunks: 5 }]);
  });
});
