// Aggregates whose declared query changes: in place where columns are added, else built anew and swapped in.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, testServers } from '../local/test-servers';
import { type Dialect, dialectOf } from '../model';
import { makePlan } from '../reconcile/plan';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { dropRaw, fill, filledWorks, leftovers, one } from '../testing/evolution-data';
import { type Works, works } from '../testing/evolution-sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const grown = (name: string, columns: string): readonly string[] => [
  `add-aggregate-columns:works.${name}:${columns}`,
  `backfill-aggregate:works.${name}`,
];

const replaced = (...names: readonly string[]): { timescaledb: string[]; postgres: string[] } => {
  const next = names.map((name) => `works.${name}__next`);
  const postgres = [
    ...next.flatMap((name) => [`create-aggregate:${name}`, `backfill-aggregate:${name}`]),
    `catch-up-aggregates:${next.join(',')}`,
    `swap-aggregates:${names.map((name) => `works.${name}`).join(',')}`,
  ];
  const drops = [...names].reverse().map((name) => `drop-aggregate:works.${name}__old`);
  return { postgres, timescaledb: [...postgres, ...drops] };
};

const change = (name: string, from: Works, to: Works, steps: ReconcilerCase['steps']): ReconcilerCase => ({
  name,
  from: [works(from)],
  drift: { timescaledb: fill('timescaledb', 4), postgres: fill('postgres', 4) },
  to: [works(to)],
  ...(steps ? { steps } : {}),
  hazards: [],
});

runCases([
  change('adds a column', {}, { hourly: ['readings', 'total_value', 'peak'] }, grown('hourly', 'peak')),
  change(
    'adds two columns at once',
    {},
    { hourly: ['readings', 'total_value', 'peak', 'low'] },
    grown('hourly', 'peak,low'),
  ),
  change(
    'adds a column and what is built on it',
    { daily: 'over hourly' },
    { daily: 'over hourly', hourly: ['readings', 'total_value', 'peak'], dailyPeak: true },
    [...grown('hourly', 'peak'), ...grown('daily', 'peak')],
  ),
  change(
    'adds a column and shows stored buckets only',
    {},
    { hourly: ['readings', 'total_value', 'peak'], realTime: false },
    [...grown('hourly', 'peak'), 'real-time:works.hourly'],
  ),
  change(
    'adds a column in the middle',
    {},
    { hourly: ['readings', 'peak', 'total_value'] },
    replaced('hourly'),
  ),
  change('adds a column to the table and the aggregate of it', {}, { extra: true }, [
    'add-column:works.reading.extra',
    ...grown('hourly', 'most_extra'),
  ]),
  change('changes the bucket', {}, { bucket: '2 hours' }, replaced('hourly')),
  change('changes the groups', {}, { groupBy: ['device', 'site'] }, replaced('hourly')),
  change('changes an expression', {}, { hourly: ['readings', 'changed'] }, replaced('hourly')),
  change('removes a column', {}, { hourly: ['readings'] }, replaced('hourly')),
  change(
    'changes the bucket of one that shows stored buckets only',
    { realTime: false },
    { realTime: false, bucket: '2 hours' },
    replaced('hourly'),
  ),
  change(
    'changes the parent in a hierarchy',
    { daily: 'over hourly' },
    { daily: 'over raw' },
    replaced('daily'),
  ),
  change(
    'changes an aggregate that another is built on',
    { daily: 'over hourly' },
    { daily: 'over hourly', bucket: '2 hours' },
    replaced('hourly', 'daily'),
  ),
  {
    ...change(
      'changes the bucket of one with columnstore',
      { columnstore: true },
      { columnstore: true, bucket: '2 hours' },
      replaced('hourly'),
    ),
    engines: ['timescaledb'],
  },
  {
    name: 'refuses to replace an aggregate that an undeclared view reads',
    from: [works()],
    drift: ['CREATE VIEW works.report AS SELECT * FROM works.hourly'],
    to: [works({ bucket: '2 hours' })],
    refusals: ['works.hourly computes something else than declared'],
  },
  {
    name: 'refuses to take a temporary name that is not its own',
    from: [works()],
    drift: ['CREATE TABLE works.hourly__next (note text)'],
    to: [works({ bucket: '2 hours' })],
    refusals: ['works.hourly computes something else than declared'],
  },
]);

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let url: string;
  let drop: () => Promise<void>;
  const begin = async (set: Works = {}): Promise<void> => {
    ({ url, drop } = await createTestDatabase(server, applied([works(set)])));
  };
  afterEach(() => drop());

  /** A database with 20 days of readings, aggregated, and the raw rows of the last 10 days only. */
  async function withHistory(set: Works): Promise<void> {
    ({ url, drop } = await createTestDatabase(server, filledWorks(engine, set, 20, true)));
    await execute(url, dropRaw(engine, 10));
  }

  it('adds a column and keeps the buckets whose rows are gone, with NULL in it', async () => {
    await withHistory({});
    const before = await one(url, HOURLY);
    const to = [works({ hourly: ['readings', 'total_value', 'peak'] })];
    const plan = await planSets(url, to);
    const gone = await one<{ buckets: number }>(
      url,
      `SELECT count(DISTINCT bucket)::int AS buckets FROM works.hourly WHERE bucket < (SELECT ${OLDEST_CHUNK[dialectOf(engine)]})`,
    );
    expect(gone.buckets).toBeGreaterThan(200);
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    expect(plan.steps[1]?.summary).toContain(`${gone.buckets} buckets before`);
    expect(plan.steps[1]?.impact).toMatchObject({ chunks: expect.any(Number) });
    expect(plan.steps[1]?.impact?.bytes).toBeGreaterThan(0);
    await applySets(url, to);
    expect(await one(url, HOURLY)).toEqual(before);
    const filled = await one<{ empty: number; filled: number }>(
      url,
      `SELECT count(DISTINCT bucket) FILTER (WHERE peak IS NULL)::int AS empty, count(DISTINCT bucket) FILTER (WHERE peak IS NOT NULL)::int AS filled FROM works.hourly`,
    );
    expect(filled.empty).toBe(gone.buckets);
    expect(filled.filled).toBeGreaterThan(200);
  });

  it('names the buckets that a replacement would lose, refuses without consent, and loses just those with it', async () => {
    await withHistory({ daily: 'over hourly' });
    const to = [works({ daily: 'over hourly', bucket: '2 hours' })];
    const plan = await planSets(url, to);
    const hazards = plan.steps.flatMap((step) =>
      step.hazards.map(({ name, reason }) => ({ id: step.id, name, reason })),
    );
    const lost = await one<{ hourly: number; daily: number }>(
      url,
      `SELECT (SELECT count(DISTINCT bucket)::int FROM works.hourly WHERE bucket < (SELECT ${OLDEST_CHUNK[dialectOf(engine)]})) AS hourly,
              (SELECT count(DISTINCT bucket)::int FROM works.daily WHERE bucket < (SELECT ${OLDEST_CHUNK[dialectOf(engine)]})) AS daily`,
    );
    expect(hazards).toEqual([
      {
        id: 'swap-aggregates:works.hourly,works.daily',
        name: 'loses-history',
        reason: expect.stringMatching(`^${lost.daily} buckets of works.daily from .*Z to `),
      },
      {
        id: 'swap-aggregates:works.hourly,works.daily',
        name: 'loses-history',
        reason: expect.stringMatching(`^${lost.hourly} buckets of works.hourly from .*Z to `),
      },
    ]);
    const before = await one(url, HOURLY);
    await expect(applySets(url, to)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('--allow loses-history'),
    });
    expect(await one(url, HOURLY)).toEqual(before);
    await applySets(url, to, ['loses-history']);
    const raw = await one<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM works.reading');
    expect(await one(url, 'SELECT sum(readings)::int AS rows FROM works.hourly')).toEqual(raw);
    expect(await one(url, 'SELECT sum(readings)::int AS rows FROM works.daily')).toEqual(raw);
    expect(await leftovers(url, engine)).toEqual([]);
  });

  it('keeps grants and comment of a replaced aggregate, and its policies come once', async () => {
    await begin();
    await execute(
      url,
      'GRANT SELECT ON works.hourly TO PUBLIC',
      `COMMENT ON VIEW works.hourly IS 'for the wall'`,
    );
    await applySets(url, [works({ bucket: '2 hours' })]);
    expect(
      await one(
        url,
        `SELECT obj_description(c.oid, 'pg_class') AS comment, c.relacl::text LIKE '%=r/%' AS granted FROM pg_class c WHERE c.oid = 'works.hourly'::regclass`,
      ),
    ).toEqual({ comment: 'for the wall', granted: true });
    expect((await readCatalog(url, engine)).filter((line) => line.startsWith('job'))).toHaveLength(
      engine !== 'timescaledb' ? 3 : 2,
    );
    expect(await leftovers(url, engine)).toEqual([]);
  });

  it('plans many changes with as many queries as one', async () => {
    await begin({ daily: 'over hourly' });
    const queries = (to: Works): Promise<number> =>
      withConnection(url, async (db) => {
        let sent = 0;
        const counting = {
          query: (...args: [string, unknown[]]) => {
            sent += 1;
            return db.query(...args);
          },
        };
        await makePlan(counting as unknown as typeof db, desiredFrom([works(to)]));
        return sent;
      });
    expect(await queries({ daily: 'over hourly', bucket: '2 hours' })).toBe(
      await queries({ daily: 'over raw' }),
    );
  });
});

const HOURLY =
  'SELECT count(*)::int AS buckets, sum(readings)::int AS readings, sum(total_value) AS total FROM works.hourly';

const OLDEST_CHUNK: Readonly<Record<Dialect, string>> = {
  timescaledb: `min(range_start) FROM timescaledb_information.chunks WHERE hypertable_name = 'reading'`,
  postgres: `min(range_start) FROM tsdb.chunk WHERE table_name = 'reading'`,
};
