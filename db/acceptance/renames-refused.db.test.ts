// Renames that are not made, that share a plan with other changes, or that meet other sessions, other owners and undeclared objects.
import { Client } from 'pg';
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { type ColumnBuilder, float8, text, timestamptz } from '../language/columns';
import { count, type Expression, max, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { createTestDatabase, type Template, type TestDatabase, testServers } from '../local/test-servers';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { one } from '../testing/evolution-data';

interface Names {
  readonly table?: string;
  readonly tableFrom?: string;
  readonly v?: string;
  readonly vFrom?: string;
  readonly hourly?: string;
  readonly hourlyFrom?: string;
  readonly total?: string;
  readonly totalFrom?: string;
  /** Adds a figure at the end of the aggregate. */
  readonly peak?: boolean;
  readonly withoutAggregate?: boolean;
}

/** `plant.m` and `plant.m_h` over it, under other names where given. */
function set(names: Names = {}): SchemaSet {
  const { v = 'v', total = 'total' } = names;
  const former = (from: string | undefined): { renamedFrom?: string } => (from ? { renamedFrom: from } : {});
  const table = hypertable(`plant.${names.table ?? 'm'}`, {
    ...former(names.tableFrom),
    columns: {
      at: timestamptz().notNull(),
      dev: text(),
      [v]: names.vFrom ? float8().renamedFrom(names.vFrom) : float8(),
    } as Record<'at', ColumnBuilder>,
    time: 'at',
    chunkInterval: '1 day',
  });
  const hourly: ContinuousAggregate = continuousAggregate(`plant.${names.hourly ?? 'm_h'}`, {
    ...former(names.hourlyFrom),
    ...(names.totalFrom ? { columnsRenamedFrom: { [total]: names.totalFrom } } : {}),
    from: table as never,
    bucket: '1 hour',
    groupBy: ['dev' as never],
    select: {
      [total]: sum(v),
      readings: count(),
      ...(names.peak ? { peak: max(v) } : {}),
    } as Record<string, Expression<never>>,
    realTime: true,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  });
  return schemaSet('plant', names.withoutAggregate ? [table] : [table, hourly]);
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;
  const chunks = (table: string, from: string, to: string): readonly string[] =>
    engine !== 'timescaledb' ? [`SELECT tsdb.ensure_chunks('plant', '${table}', '${from}', '${to}')`] : [];
  const refresh = (name: string): string =>
    `CALL public.refresh_continuous_aggregate('plant.${name}'::regclass, NULL, NULL)`;
  const filled: Template = {
    key: ['refused', engine],
    base: applied([set()], 'all jobs'),
    build: (address) =>
      execute(
        address,
        ...chunks('m', '2026-01-01', '2026-01-03'),
        `INSERT INTO plant.m SELECT '2026-01-01'::timestamptz + n * interval '10 minutes', 'd' || n % 2, n FROM generate_series(0, 287) n`,
        refresh('m_h'),
      ),
  };

  beforeEach(async () => {
    database = await createTestDatabase(server, filled);
    url = database.url;
  });
  afterEach(() => database.drop());

  it.each([
    [
      'tables',
      ['CREATE TABLE plant.reading (at timestamptz)'],
      set({ table: 'reading', tableFrom: 'm' }),
      'plant.reading and plant.m both exist, and it is declared as renamed from m',
    ],
    [
      'columns',
      ['ALTER TABLE plant.m ADD COLUMN value float8'],
      set({ v: 'value', vFrom: 'v' }),
      'plant.m has a column value and a column v, and value is declared as renamed from v',
    ],
    [
      'aggregates',
      ['CREATE VIEW plant.by_hour AS SELECT 1 AS x'],
      set({ hourly: 'by_hour', hourlyFrom: 'm_h' }),
      'plant.by_hour and plant.m_h both exist, and it is declared as renamed from m_h',
    ],
    [
      'an object of another kind',
      ['CREATE VIEW plant.w AS SELECT 1 AS v'],
      set({ table: 'reading', tableFrom: 'w', v: 'value', vFrom: 'v', hourly: 'other' }),
      'plant.reading is declared as renamed from w, but plant.w is no table',
    ],
  ])('refuses to choose between two %s', async (_what, drift, to, refusal) => {
    await execute(url, ...drift);
    const plan = await planSets(url, [to]);
    expect(plan.refusals.map(({ object, what }) => `${object} ${what}`)).toContain(refusal);
    await expect(applySets(url, [to], ['loses-history'])).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('nothing was changed'),
    });
    expect(await one(url, 'SELECT count(*)::int AS rows, sum(v)::int AS v FROM plant.m')).toEqual({
      rows: 288,
      v: 41328,
    });
  });

  it('creates as usual where neither name exists', async () => {
    const empty = await createTestDatabase(server);
    const to = [
      set({
        table: 'reading',
        tableFrom: 'm',
        v: 'value',
        vFrom: 'v',
        hourly: 'by_hour',
        hourlyFrom: 'm_h',
        total: 'sum_v',
        totalFrom: 'total',
      }),
    ];
    const { applied: steps } = await applySets(empty.url, to);
    expect(steps.filter((id) => id.startsWith('rename'))).toEqual([]);
    expect(steps).toContain('create-hypertable:plant.reading');
    expect(await planSets(empty.url, to)).toMatchObject({ steps: [], refusals: [], warnings: [] });
    await empty.drop();
  });

  it('renames and adds a figure in one plan, in place', async () => {
    const to = [
      set({
        table: 'reading',
        tableFrom: 'm',
        v: 'value',
        vFrom: 'v',
        total: 'sum_v',
        totalFrom: 'total',
        peak: true,
      }),
    ];
    const plan = await planSets(url, to);
    expect(plan.steps.map(({ id }) => id)).toEqual([
      'rename-table:plant.reading',
      'rename-column:plant.reading.value',
      'rename-column:plant.m_h.sum_v',
      'add-aggregate-columns:plant.m_h:peak',
      'backfill-aggregate:plant.m_h',
    ]);
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    await applySets(url, to);
    expect(
      await one(
        url,
        'SELECT sum(sum_v)::int AS v, sum(readings)::int AS rows, max(peak)::int AS peak FROM plant.m_h',
      ),
    ).toEqual({ v: 41328, rows: 288, peak: 287 });
  });

  it('lets aggregates follow that are not declared any more', async () => {
    const to = [set({ table: 'reading', tableFrom: 'm', v: 'value', vFrom: 'v', withoutAggregate: true })];
    await applySets(url, to);
    await execute(
      url,
      `INSERT INTO plant.reading VALUES ('2026-01-02 00:00:01Z', 'd0', 1000)`,
      refresh('m_h'),
    );
    const stored = engine !== 'timescaledb' ? 'tsdb.plant_m_h' : 'plant.m_h';
    expect(await one(url, `SELECT sum(total)::int AS v, sum(readings)::int AS rows FROM ${stored}`)).toEqual({
      v: 42328,
      rows: 289,
    });
    // And it is taken back as it is when it is declared again.
    expect((await planSets(url, [set({ table: 'reading', v: 'value' })])).steps).toEqual([]);
  });

  it('frees the old name, with its chunks', async () => {
    await applySets(url, [set({ table: 'reading', tableFrom: 'm' })]);
    const both = schemaSet('plant', [
      ...set({ table: 'reading' }).objects,
      ...set({ withoutAggregate: true }).objects,
    ]);
    await applySets(url, [both]);
    await execute(
      url,
      ...chunks('m', '2026-01-01', '2026-01-03'),
      `INSERT INTO plant.m VALUES ('2026-01-01 00:00Z', 'new', 1)`,
    );
    expect(
      await one(
        url,
        'SELECT (SELECT count(*)::int FROM plant.m) AS m, (SELECT count(*)::int FROM plant.reading) AS reading, (SELECT sum(readings)::int FROM plant.m_h) AS hourly',
      ),
    ).toEqual({ m: 1, reading: 288, hourly: 288 });
  });

  it('never waits long for a lock while planning, and lets readers through', async () => {
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT count(*) FROM plant.m');
    const to = [set({ v: 'value', vFrom: 'v' })];
    const plan = planSets(url, to).then(
      () => 'planned',
      (error: Error) => error.message,
    );
    // Readers come and go while the plan tries.
    const [row] = await select<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM plant.m');
    expect(row).toEqual({ rows: 288 });
    expect(await plan).toMatch(
      /^planning tries rename-column:plant\.m\.value and takes it back, .* another session holds a lock on plant\.m .* Nothing was changed: plan again/,
    );
    await other.query('COMMIT');
    await other.end();
    expect((await planSets(url, to)).steps.map(({ id }) => id)).toEqual(['rename-column:plant.m.value']);
    await applySets(url, to);
    expect(await one(url, 'SELECT sum(value)::int AS v FROM plant.m')).toEqual({ v: 41328 });
  });

  it('says who can plan a rename when the login may not', async () => {
    const login = `renames_${engine}_${process.pid}`;
    await execute(
      url,
      `CREATE ROLE ${login} LOGIN PASSWORD 'x' IN ROLE pg_read_all_settings`,
      `GRANT USAGE ON SCHEMA plant, tsdb TO ${login}`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA plant, tsdb TO ${login}`,
    );
    const reader = new URL(url);
    reader.username = login;
    reader.password = 'x';
    try {
      await expect(planSets(reader.href, [set({ v: 'value', vFrom: 'v' })])).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /^planning tries rename-column:plant\.m\.value .* plan as the owner of the tables$/,
        ),
      });
      expect((await planSets(reader.href, [set()])).steps).toEqual([]);
    } finally {
      await execute(url, `DROP OWNED BY ${login}`, `DROP ROLE ${login}`);
    }
  });
});
