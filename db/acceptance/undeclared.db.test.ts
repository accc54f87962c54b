// What is not declared is listed, what goes on working on it is warned of, and pruning drops what an apply has created.
import { text } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { sqlFunction } from '../language/function';
import { index } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, describeOn, type TestDatabase, testServers } from '../local/test-servers';
import type { Plan } from '../model';
import { makePlan, parsePlan } from '../reconcile/plan';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { schemaFaults } from '../testing/plan-schema';
import { metricTable, plant } from '../testing/sets';

const device = table('plant.device', { columns: { name: text().notNull() }, primaryKey: ['name'] });
const ROWS = 2_880;
const keeper = table('plant.keeper', { columns: { name: text().notNull() }, primaryKey: ['name'] });
const rate = sqlFunction('plant.rate', {
  args: 'current numeric, previous numeric',
  returns: 'numeric',
  volatility: 'immutable',
  body: 'SELECT current / previous',
});
const all = [schemaSet('all', [...plant().objects, device, rate, keeper])];
const rest = (unmanaged: readonly string[] = []): readonly SchemaSet[] => [
  schemaSet('rest', [keeper], { unmanaged }),
];

/** A row per minute of two whole days, ten days ago: 48 hours and 2 days of 3 devices. */
const FROM = `date_trunc('day', now()) - interval '10 days'`;
const fill = (engine: string): readonly string[] => [
  ...(engine !== 'timescaledb'
    ? [`SELECT tsdb.ensure_chunks('plant', 'metric', ${FROM}, ${FROM} + interval '1 day')`]
    : []),
  `INSERT INTO plant.metric SELECT ${FROM} + n * interval '1 minute', 'device ' || n % 3, n FROM generate_series(0, ${ROWS - 1}) n`,
  `CALL public.refresh_continuous_aggregate('plant.metric_hourly', NULL::timestamptz, now() - interval '1 day')`,
  `CALL public.refresh_continuous_aggregate('plant.metric_daily', NULL::timestamptz, now() - interval '1 day')`,
];

const countQueries = (url: string, sets: readonly SchemaSet[]): Promise<number> =>
  withConnection(url, async (client) => {
    let queries = 0;
    const query = ((...args: Parameters<typeof client.query>) => {
      queries += 1;
      return client.query(...args);
    }) as typeof client.query;
    const { steps } = await makePlan({ query }, desiredFrom(sets), { prune: true });
    expect(steps.length).toBeGreaterThan(0);
    return queries;
  });

const stepsOf = ({ steps }: Plan): readonly string[] => steps.map(({ id }) => id);

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  const run = (...statements: readonly string[]): Promise<void> => execute(database.url, ...statements);
  const plan = (sets: readonly SchemaSet[], prune = false): Promise<Plan> =>
    planSets(database.url, sets, { prune });
  const exists = async (name: string): Promise<boolean> =>
    (await select<{ is: boolean }>(database.url, 'SELECT to_regclass($1) IS NOT NULL AS is', [name]))[0]
      ?.is ?? false;
  beforeEach(async () => {
    database = await createTestDatabase(server, applied(all, 'all jobs'));
  });
  afterEach(() => database.drop());

  it('lists what was declared once, and warns of its jobs', async () => {
    const found = await plan(rest());
    expect(schemaFaults(found)).toEqual([]);
    expect({ steps: found.steps, refusals: found.refusals }).toEqual({ steps: [], refusals: [] });
    expect(found.undeclared.slice(0, 5)).toEqual([
      'table plant.device, created by an apply: --prune drops it',
      'hypertable plant.metric, created by an apply: --prune drops it',
      'aggregate plant.metric_daily, created by an apply: --prune drops it',
      'aggregate plant.metric_hourly, created by an apply: --prune drops it',
      'function plant.rate, created by an apply: --prune drops it',
    ]);
    const paused = engine === 'timescaledb' ? ', paused' : '';
    expect(found.undeclared.slice(5).map((job) => job.replace(/\d+/, 'N'))).toEqual(
      [
        ...(engine !== 'timescaledb' ? ['chunks of plant.metric'] : []),
        'refresh of plant.metric_hourly',
        'refresh of plant.metric_daily',
        ...(engine === 'postgres' ? [] : ['columnstore of plant.metric']),
        'retention of plant.metric',
        'retention of plant.metric_daily',
      ].map((job) => `job N (${job}${paused})`),
    );
    // A job that stands still does nothing.
    if (engine === 'timescaledb') {
      expect(found.warnings).toEqual([]);
      await run(
        'SELECT public.alter_job(job_id, scheduled => true) FROM timescaledb_information.jobs WHERE job_id >= 1000',
      );
    }
    const warned = (await plan(rest())).warnings.map((line) => line.replace(/\d+/, 'N'));
    expect(
      warned.every((line) => line.endsWith('; declare it again, drop it with --prune, or remove the job')),
    ).toBe(true);
    expect(warned.map((line) => line.replace(/;.*/, ''))).toEqual([
      'plant.metric_hourly is not declared any more, but job N goes on refreshing it',
      'plant.metric_daily is not declared any more, but job N goes on refreshing it',
      'plant.metric is not declared any more, but job N goes on deleting rows older than 30 days',
      'plant.metric_daily is not declared any more, but job N goes on deleting rows older than 1 year',
    ]);
  });

  it('drops what an apply has created, with consent and exact figures, readers first', async () => {
    await run(
      ...fill(engine),
      `INSERT INTO plant.device VALUES ('a'), ('b')`,
      `INSERT INTO plant.keeper VALUES ('c')`,
    );
    const made = await plan(rest(), true);
    expect(schemaFaults(made)).toEqual([]);
    expect(stepsOf(made)).toEqual([
      'prune:plant.device',
      'prune:plant.metric_daily',
      'prune:plant.rate',
      'prune:plant.metric_hourly',
      'prune:plant.metric',
    ]);
    expect(made.undeclared).toEqual([]);
    expect(made.warnings).toEqual([]);
    const reasons = new Map(made.steps.map(({ object, hazards }) => [object, hazards]));
    const drops = (reason: string): unknown => [
      {
        name: 'drops-object',
        reason: expect.stringMatching(new RegExp(`^deletes ${reason}; only a backup brings it back$`)),
      },
    ];
    const chunked = engine === 'timescaledb' ? ', [12] chunks?' : '';
    expect(Object.fromEntries(reasons)).toEqual({
      'plant.device': drops('table plant.device with 2 rows, [\\d.]+ KiB'),
      'plant.rate': drops('function plant.rate'),
      'plant.metric_daily': drops(
        `aggregate plant.metric_daily with 6 rows in 2 buckets${chunked}, [\\d.]+ KiB`,
      ),
      'plant.metric_hourly': drops(
        `aggregate plant.metric_hourly with 144 rows in 48 buckets${chunked}, [\\d.]+ KiB`,
      ),
      'plant.metric': drops(`hypertable plant.metric with ${ROWS} rows, 2 chunks, [\\d.]+ KiB`),
    });
    const [metric] = made.steps.filter(({ object }) => object === 'plant.metric');
    expect(metric?.impact).toMatchObject({ chunks: 2, rows: ROWS });
    expect(metric?.summary).toMatch(
      /^hypertable that is not declared any more, with its .*retention policy of 30 days \(job \d+\)$/,
    );

    await expect(applySets(database.url, rest(), [], { prune: true })).rejects.toMatchObject({ exitCode: 3 });
    expect(await exists('plant.metric')).toBe(true);
    const { applied: done } = await applySets(database.url, rest(), ['drops-object'], { prune: true });
    expect(done).toEqual(stepsOf(made));
    for (const name of ['metric', 'metric_hourly', 'metric_daily', 'device'])
      expect(await exists(`plant.${name}`)).toBe(false);
    expect(await select(database.url, 'SELECT name FROM plant.keeper')).toEqual([{ name: 'c' }]);
    const after = await plan(rest(), true);
    expect([after.steps, after.undeclared, after.warnings]).toEqual([[], [], []]);
    const jobs =
      engine === 'timescaledb'
        ? 'SELECT FROM timescaledb_information.jobs WHERE job_id >= 1000'
        : 'SELECT FROM tsdb.job UNION ALL SELECT FROM tsdb.hypertable UNION ALL SELECT FROM tsdb.continuous_aggregate';
    expect(await select(database.url, jobs)).toEqual([]);

    // The same name again, made by somebody else.
    await run('CREATE TABLE plant.device (name text PRIMARY KEY)');
    const others = await plan(rest(), true);
    expect([others.steps, others.undeclared]).toEqual([[], ['table plant.device']]);
    // And declared again.
    await run('DROP TABLE plant.device');
    await applySets(database.url, all);
    expect((await plan(all, true)).undeclared).toEqual([]);
  });

  it('leaves what others have made or need', async () => {
    await run(
      'CREATE TABLE plant.legacy (id int)',
      'CREATE TABLE plant.old_log (id int)',
      'CREATE VIEW plant.report AS SELECT max(value) AS value FROM plant.metric',
      'ALTER TABLE plant.device ADD COLUMN note text',
    );
    const made = await plan(rest(), true);
    expect(stepsOf(made).map((id) => id.replace(/:\d+$/, ''))).toEqual([
      ...(engine !== 'timescaledb' ? ['remove-policy:plant.metric:chunks'] : []),
      ...(engine === 'postgres' ? [] : ['remove-policy:plant.metric:columnstore']),
      'remove-policy:plant.metric:retention',
      'prune:plant.metric_daily',
      'prune:plant.rate',
      'prune:plant.metric_hourly',
    ]);
    const left = [
      'table plant.device, created by an apply: --prune leaves it, because it has a column of others: note',
      'table plant.legacy',
      'hypertable plant.metric, created by an apply: --prune leaves it, because plant.report needs it',
      'table plant.old_log',
      'view plant.report',
    ];
    expect(made.undeclared).toEqual(left);
    await applySets(database.url, rest(), ['drops-object'], { prune: true });
    const marked = await plan(rest(['plant.legacy', 'plant.old_*', 'plant.report']), true);
    expect([marked.steps, marked.undeclared, marked.warnings]).toEqual([
      [],
      left.filter((line) => !/legacy|old_log|view/.test(line)),
      [],
    ]);
  });

  it('finds what an apply has created in a schema that is not declared any more', async () => {
    await run('CREATE TABLE plant.legacy (id int)');
    const elsewhere = [
      schemaSet('elsewhere', [table('other.thing', { columns: { id: text() }, primaryKey: ['id'] })]),
    ];
    await applySets(database.url, elsewhere);
    const found = await plan(elsewhere);
    expect(found.undeclared.filter((line) => !line.startsWith('job'))).toEqual([
      'table plant.device, created by an apply: --prune drops it',
      'table plant.keeper, created by an apply: --prune drops it',
      'hypertable plant.metric, created by an apply: --prune drops it',
      'aggregate plant.metric_daily, created by an apply: --prune drops it',
      'aggregate plant.metric_hourly, created by an apply: --prune drops it',
      'function plant.rate, created by an apply: --prune drops it',
    ]);
  });

  it('drops a referring table first, and none of a circle', async () => {
    await run('ALTER TABLE plant.device ADD CONSTRAINT kept FOREIGN KEY (name) REFERENCES plant.keeper');
    const nothing = [schemaSet('rest', [...plant().objects])];
    expect(stepsOf(await plan(nothing, true))).toEqual([
      'prune:plant.device',
      'prune:plant.rate',
      'prune:plant.keeper',
    ]);
    await run('ALTER TABLE plant.keeper ADD CONSTRAINT known FOREIGN KEY (name) REFERENCES plant.device');
    const circle = await plan(nothing, true);
    expect(stepsOf(circle)).toEqual(['prune:plant.rate']);
    expect(circle.undeclared.filter((line) => line.startsWith('table'))).toEqual([
      'table plant.device, created by an apply: --prune leaves it, because plant.keeper needs it',
      'table plant.keeper, created by an apply: --prune leaves it, because plant.device needs it',
    ]);
  });

  it('carries out a saved plan as it was made', async () => {
    const saved = parsePlan(JSON.stringify(await plan(rest(), true)), 'plan.json');
    const without = parsePlan(JSON.stringify(await plan(rest())), 'plan.json');
    await applySets(database.url, rest(), ['drops-object'], { saved: without, prune: true });
    expect(await exists('plant.metric')).toBe(true);
    await applySets(database.url, rest(), ['drops-object'], { saved });
    expect(await exists('plant.metric')).toBe(false);
  });

  it('asks as many questions for many objects as for few', async () => {
    const extra = Array.from({ length: 20 }, (_, at) => metricTable({ name: `plant.extra_${at}` }));
    await applySets(database.url, [...all, schemaSet('extra', extra)]);
    const one = await countQueries(database.url, [...all, schemaSet('extra', extra.slice(1))]);
    const many = await countQueries(database.url, all);
    expect(many).toBe(one);
  });

  it('never drops what was there before it was declared', async () => {
    await run('CREATE TABLE plant.adopted (name text PRIMARY KEY)');
    const adopted = table('plant.adopted', { columns: { name: text().notNull() }, primaryKey: ['name'] });
    const sets = [...all, schemaSet('adopted', [adopted])];
    expect(stepsOf(await plan(sets))).toEqual([]);
    await applySets(database.url, [...all, schemaSet('adopted', [{ ...adopted, indexes: [index('name')] }])]);
    const found = await plan(all, true);
    expect([stepsOf(found), found.undeclared]).toEqual([[], ['table plant.adopted']]);
  });

  it('goes on without the journal', async () => {
    await run('DROP TABLE tsdb.journal');
    const found = await plan(rest(), true);
    expect(stepsOf(found)).toEqual([]);
    expect(found.undeclared.slice(0, 2)).toEqual(['table plant.device', 'hypertable plant.metric']);
  });
});

describeOn('timescaledb', 'jobs of others', (server) => {
  it('are listed, unless they are unmanaged', async () => {
    const { url, drop } = await createTestDatabase(server, applied(all, 'all jobs'));
    await execute(
      url,
      'CREATE PROCEDURE plant.clean(job_id int, config jsonb) LANGUAGE sql AS $$ SELECT 1 $$',
      `SELECT public.add_job('plant.clean', interval '1 day', scheduled => false)`,
      `CREATE TABLE plant.legacy (at timestamptz NOT NULL)`,
      `SELECT public.create_hypertable('plant.legacy', public.by_range('at'))`,
      `SELECT public.add_retention_policy('plant.legacy', interval '5 days', initial_start => now() + interval '1 day')`,
    );
    const found = await planSets(url, all);
    expect(found.undeclared.map((line) => line.replace(/\d+/, 'N'))).toEqual([
      'hypertable plant.legacy',
      'job N (plant.clean)',
      'job N (retention of plant.legacy)',
    ]);
    expect(found.warnings.map((line) => line.replace(/\d+/, 'N'))).toContain(
      'plant.legacy is not declared, but job N goes on deleting rows older than 5 days; declare it, or name it as unmanaged',
    );
    const marked = await planSets(url, [
      schemaSet('all', all[0]?.objects ?? [], { unmanaged: ['plant.clean', 'plant.legacy'] }),
    ]);
    expect(marked.undeclared).toEqual([]);
    expect(marked.warnings.filter((line) => line.includes('legacy'))).toEqual([]);
    await drop();
  });
});
