// Names that change in the declaration without a hint: what would be empty is told with figures, and nothing is lost without consent.
import { type ContinuousAggregate, continuousAggregate } from '../language/aggregate';
import { type ColumnBuilder, float8, text, timestamptz } from '../language/columns';
import { avg, count, type Expression, max, sum } from '../language/expressions';
import { type Hypertable, hypertable } from '../language/hypertable';
import { rollup } from '../language/rollup';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { createTestDatabase, type Template, type TestDatabase, testServers } from '../local/test-servers';
import type { Plan } from '../model';
import { applied, applySets, execute, planSets } from '../testing/apply';
import { one } from '../testing/evolution-data';

interface Names {
  readonly table?: string;
  readonly dev?: string;
  readonly v?: string;
  readonly column?: ColumnBuilder;
  readonly hourly?: string;
  readonly total?: string;
  readonly alsoOld?: boolean;
}

/** `plant.m` with 1440 rows of ten days by two devices, `plant.m_h` and `plant.m_d` over it, under other names where given. */
function set(names: Names = {}): SchemaSet {
  const { dev = 'dev', v = 'v', total = 'total', column = float8() } = names;
  const table = hypertable(`plant.${names.table ?? 'm'}`, {
    columns: {
      at: timestamptz().notNull(),
      ...(names.alsoOld ? { v: float8() } : {}),
      [dev]: text(),
      [v]: column,
    } as Record<'at', ColumnBuilder>,
    time: 'at',
    chunkInterval: '1 day',
  });
  const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
  const hourly = continuousAggregate(`plant.${names.hourly ?? 'm_h'}`, {
    from: table as never,
    bucket: '1 hour',
    groupBy: [dev as never],
    select: { mean: avg(v), [total]: sum(v), readings: count(v) } as Record<string, Expression<never>>,
    realTime: false,
    refresh,
  });
  const daily = rollup('plant.m_d', {
    from: hourly,
    bucket: '1 day',
    refresh: { ...refresh, startOffset: '9 days' },
  });
  return schemaSet('plant', [table, hourly, daily]);
}

const hazardsOf = (plan: Plan): string[] =>
  plan.steps.flatMap(({ hazards }) => hazards.map(({ name, reason }) => `${name}: ${reason}`)).sort();

// The jobs that these tests pause, and those of an object under its former name, are warnings of their own.
const hintsOf = ({ warnings }: Plan): readonly string[] =>
  warnings.filter((warning) => !/was paused by hand|goes on refreshing/.test(warning));

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;
  const filled: Template = {
    key: ['forgotten', engine],
    base: applied([set()], 'all jobs'),
    build: (address) =>
      execute(
        address,
        ...(engine !== 'timescaledb'
          ? [`SELECT tsdb.ensure_chunks('plant', 'm', '2026-01-01', '2026-01-10')`]
          : []),
        // Of the first day, only device d0 has values.
        `INSERT INTO plant.m SELECT '2026-01-01'::timestamptz + n * interval '10 minutes', 'd' || n % 2, CASE WHEN n >= 144 OR n % 2 = 0 THEN n END FROM generate_series(0, 1439) n`,
        ...['m_h', 'm_d'].map(
          (name) => `CALL public.refresh_continuous_aggregate('plant.${name}'::regclass, NULL, NULL)`,
        ),
      ),
  };
  const stored = (total = 'total'): Promise<object> =>
    one(
      url,
      `SELECT count(*)::int AS rows, count(DISTINCT bucket)::int AS buckets, count(mean)::int AS means, sum(${total})::int AS total, sum(readings)::int AS readings FROM plant.m_h`,
    );
  const BEFORE = { rows: 480, buckets: 240, means: 456, total: 1030896, readings: 1368 };

  beforeEach(async () => {
    database = await createTestDatabase(server, filled);
    url = database.url;
  });
  afterEach(() => database.drop());

  it('a column and what is computed from it', async () => {
    expect(await stored()).toEqual(BEFORE);
    const to = [set({ v: 'value' })];
    const plan = await planSets(url, to);
    const because = `because it comes from plant.m.value, which this plan adds; if plant.m.value is plant.m.v under a new name, declare .renamedFrom('v')`;
    const all = 'all 240 buckets from 2026-01-01T00:00:00Z to 2026-01-10T23:00:00Z';
    const days = 'all 10 buckets from 2026-01-01T00:00:00Z to 2026-01-10T00:00:00Z';
    expect(hazardsOf(plan)).toEqual([
      `loses-history: column mean of plant.m_d will be NULL in ${days}, ${because}`,
      `loses-history: column mean of plant.m_h will be NULL in ${all}, ${because}`,
      `loses-history: column readings of plant.m_d will be NULL in ${days}, ${because}`,
      `loses-history: column readings of plant.m_h will be 0 in ${all}, ${because}`,
      `loses-history: column total of plant.m_d will be NULL in ${days}, ${because}`,
      `loses-history: column total of plant.m_h will be NULL in ${all}, ${because}`,
    ]);
    expect(hintsOf(plan)).toEqual([
      expect.stringContaining(
        `plant.m has no column value, and its column v is double precision too and is not declared: if it is the same column under a new name, declare value with .renamedFrom('v')`,
      ),
    ]);
    await expect(applySets(url, to)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('--allow loses-history'),
    });
    expect(await stored()).toEqual(BEFORE);
    // With the hint it is a rename.
    const renamed = [set({ v: 'value', column: float8().renamedFrom('v') })];
    expect((await planSets(url, renamed)).steps.map(({ id }) => id)).toEqual(['rename-column:plant.m.value']);
    await applySets(url, renamed);
    expect(await stored()).toEqual(BEFORE);
    expect(await planSets(url, to)).toMatchObject({
      steps: [],
      refusals: [],
      warnings: expect.not.arrayContaining([expect.not.stringMatching(/was paused by hand/)]),
    });
  });

  it('is told again after the column was added, for as long as it has no values', async () => {
    await applySets(url, [set({ v: 'value', alsoOld: true })].map(tableOnly));
    const to = [set({ v: 'value' })];
    expect(hazardsOf(await planSets(url, to))[1]).toBe(
      `loses-history: column mean of plant.m_h will be NULL in all 240 buckets from 2026-01-01T00:00:00Z to 2026-01-10T23:00:00Z, because it comes from plant.m.value, which has no values; if plant.m.value is plant.m.v under a new name, drop the empty value, and declare .renamedFrom('v')`,
    );
    await execute(url, 'UPDATE plant.m SET value = v');
    expect(hazardsOf(await planSets(url, to))).toEqual([]);
    await applySets(url, to);
    expect(await stored()).toEqual(BEFORE);
  });

  it('a column, what is computed from it, and the name of that', async () => {
    const plan = await planSets(url, [set({ v: 'value', total: 'sum_value' })]);
    expect(hazardsOf(plan)).toContainEqual(
      expect.stringMatching(
        /^loses-history: column sum_value of plant\.m_h will be NULL in all 240 buckets .*declare \.renamedFrom\('v'\)$/,
      ),
    );
  });

  it('but not a figure that is new, beside one that goes', async () => {
    const { objects } = set({ total: 'low' });
    const [table, hourly, ...rest] = objects as readonly [Hypertable, ContinuousAggregate];
    const extended = hypertable('plant.m', {
      ...table,
      columns: { ...table.columns, note: text() },
    } as never);
    const select = { mean: avg('v'), notes: max('note'), readings: count('v') } as object as Record<
      string,
      never
    >;
    const changed = continuousAggregate('plant.m_h', {
      ...hourly,
      from: extended,
      groupBy: hourly.groupBy as never,
      select,
    });
    expect(rest).toHaveLength(1);
    expect(hazardsOf(await planSets(url, [schemaSet('plant', [extended, changed])]))).toEqual([]);
  });

  it('a column with a default', async () => {
    const plan = await planSets(url, [set({ v: 'value', column: float8().default('0') })]);
    expect(hazardsOf(plan)).toContainEqual(
      expect.stringContaining(
        'column mean of plant.m_h will be computed from the default 0 in all 240 buckets',
      ),
    );
  });

  it('a column of groups', async () => {
    const to = [set({ dev: 'device' })];
    const plan = await planSets(url, to);
    expect(hazardsOf(plan)).toEqual([
      expect.stringMatching(
        /^loses-history: column device of plant.m_d will be NULL in all 10 buckets .*declare .renamedFrom\('dev'\)$/,
      ),
      expect.stringMatching(
        /^loses-history: column device of plant.m_h will be NULL in all 240 buckets .*declare .renamedFrom\('dev'\)$/,
      ),
    ]);
    await expect(applySets(url, to)).rejects.toMatchObject({ exitCode: 3 });
    expect(await stored()).toEqual(BEFORE);
  });

  it('a table: the new one would be empty, and so would be what is built on it', async () => {
    const to = [set({ table: 'reading' })];
    const plan = await planSets(url, to);
    expect(hazardsOf(plan)).toEqual([
      expect.stringMatching(/^loses-history: 10 buckets of plant.m_d /),
      expect.stringMatching(
        /^loses-history: 240 buckets of plant.m_h .* they will be computed from plant.reading, which is not known to have all of their rows$/,
      ),
    ]);
    expect(hintsOf(plan)).toEqual([
      expect.stringContaining(
        `plant.reading is declared and missing, and plant.m has the same columns and is not declared: if it is the same table under a new name, declare renamedFrom: 'm'`,
      ),
    ]);
    await expect(applySets(url, to)).rejects.toMatchObject({ exitCode: 3 });
    expect(await stored()).toEqual(BEFORE);
  });

  it('a figure over one that is added in place: it stays NULL where the rows are gone', async () => {
    await applySets(url, [highs('mean')]);
    await execute(
      url,
      `CALL public.refresh_continuous_aggregate('plant.highs'::regclass, NULL, NULL)`,
      engine !== 'timescaledb'
        ? `SELECT tsdb.drop_expired('plant', 'm', '2026-01-06')`
        : `SELECT public.drop_chunks('plant.m', older_than => '2026-01-06'::timestamptz)`,
    );
    expect(hazardsOf(await planSets(url, [highs('peak')]))).toEqual([
      'loses-history: column high of plant.highs will be NULL in 5 of 10 buckets from 2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z, because it comes from plant.m_h.peak, which this plan adds, and which stays NULL before 2026-01-06T00:00:00Z, because the source rows are gone',
    ]);
  });

  it('an aggregate, and a figure of one', async () => {
    const aggregate = await planSets(url, [set({ hourly: 'by_hour' })]);
    expect(hintsOf(aggregate)).toEqual([
      expect.stringContaining(
        `plant.by_hour is declared and missing, and plant.m_h has the same columns and is not declared: if it is the same aggregate under a new name, declare renamedFrom: 'm_h'`,
      ),
    ]);
    const figure = await planSets(url, [set({ total: 'sum_v' })]);
    expect(hintsOf(figure)).toEqual([
      expect.stringContaining(`declare columnsRenamedFrom: { sum_v: 'total' }`),
      expect.stringContaining(`plant.m_d has no column sum_v`),
    ]);
    expect(hazardsOf(figure)).toEqual([]);
  });
});

/** The set with `plant.highs` over `plant.m_h`, which gets a column `peak` where that is asked for. */
function highs(of: 'mean' | 'peak'): SchemaSet {
  const [table, hourly] = set().objects as readonly [Hypertable, ContinuousAggregate];
  const grown = continuousAggregate('plant.m_h', {
    ...hourly,
    from: table,
    groupBy: hourly.groupBy as never,
    select: { ...hourly.select, ...(of === 'peak' ? { peak: max('v') } : {}) } as Record<string, never>,
  });
  const high = continuousAggregate('plant.highs', {
    from: grown,
    bucket: '1 day',
    groupBy: [],
    select: { high: max(of as never) },
    realTime: false,
    refresh: { startOffset: '9 days', endOffset: '1 hour', every: '1 hour' },
  });
  return schemaSet('plant', [table, grown, high]);
}

/** Only the tables of a set. */
const tableOnly = ({ name, objects }: SchemaSet): SchemaSet =>
  schemaSet(
    name,
    objects.filter(({ kind }) => kind === 'hypertable'),
  );
