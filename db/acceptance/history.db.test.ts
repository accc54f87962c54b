// History whose source rows are gone: no plan, refresh, job or import takes a stored bucket away without consent to the exact figure.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { count, max, sum, total } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import type { Duration } from '../language/interval';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { createTestDatabase, type Template, type TestDatabase, testServers } from '../local/test-servers';
import type { EngineName, Hazard } from '../model';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { runDueJobs } from '../upkeep/jobs';
import { type RefreshOptions, type RefreshResult, refreshAggregates } from '../upkeep/refresh';

interface Variation {
  readonly retention?: Duration;
  readonly startOffset?: Duration;
  readonly bucket?: Duration;
  /** Adds the maximum at the end of the aggregate. */
  readonly peak?: boolean;
  /** Adds a daily aggregate. */
  readonly daily?: 'over hourly' | 'over raw';
  /** Another name of the table. */
  readonly table?: string;
}

function house({
  retention,
  startOffset = '3 days',
  bucket = '1 hour',
  peak,
  daily,
  table = 'house.m',
}: Variation = {}): SchemaSet {
  const m = hypertable(table, {
    columns: { at: timestamptz().notNull(), dev: text().notNull(), v: float8() },
    time: 'at',
    chunkInterval: '1 day',
    ...(retention ? { retention } : {}),
  });
  const hourly = continuousAggregate('house.m_h', {
    from: m,
    bucket,
    groupBy: ['dev'],
    select: { n: count(), s: sum('v'), ...(peak ? { peak: max('v') } : {}) },
    realTime: false,
    refresh: { startOffset, endOffset: '1 hour', every: '1 hour' },
  });
  const byDay = continuousAggregate('house.m_d', {
    from: daily === 'over raw' ? m : hourly,
    bucket: '1 day',
    groupBy: ['dev'],
    select: daily === 'over raw' ? { n: count(), s: sum('v') } : { n: total('n'), s: sum('s') },
    realTime: false,
    refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
  });
  return schemaSet('house', [m, hourly, ...(daily ? [byDay] : [])]);
}

// 100,000 rows of 20 devices over 60 days and 4 hours that end two days ago: a row every 52 seconds, 1,444 hours, 28,880 buckets.
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const today = Math.floor(Date.now() / DAY) * DAY;
const begin = today - 62 * DAY - 4 * HOUR;
const at = (time: number): string => `timestamptz '${new Date(time).toISOString()}'`;
const iso = (time: number): string => new Date(time).toISOString().replace('.000', '');
const BUCKETS = 28_880;

/** The base of all cases: everything is stored, jobs are paused. */
const base = (engine: EngineName, set: Variation): Template => ({
  key: ['house', today],
  base: applied([house(set)], 'all jobs'),
  build: async (url) => {
    await execute(
      url,
      ...(engine !== 'timescaledb'
        ? [`SELECT tsdb.ensure_chunks('house', 'm', ${at(begin)}, ${at(today - 2 * DAY)})`]
        : []),
      `INSERT INTO house.m SELECT ${at(begin)} + n * (interval '5198400 seconds' / 100000), 'dev ' || n % 20, n FROM generate_series(0, 99999) n`,
    );
    await refresh(url, engine, set);
  },
});

const refresh = (
  url: string,
  engine: EngineName,
  set: Variation,
  options: RefreshOptions = {},
): Promise<readonly RefreshResult[]> =>
  withConnection(url, (db) =>
    refreshAggregates(db, engine, desiredFrom([house(set)]).aggregates, {}, undefined, options),
  );

const dropChunksBefore = (engine: EngineName, time: number): string =>
  engine !== 'timescaledb'
    ? `SELECT tsdb.drop_expired('house', 'm', ${at(time)})`
    : `SELECT public.drop_chunks('house.m', older_than => ${at(time)})`;

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;
  const beginWith = async (set: Variation = {}): Promise<void> => {
    database = await createTestDatabase(server, base(engine, set));
    url = database.url;
    expect(await stored()).toMatchObject({ buckets: BUCKETS, rows: 100_000 });
  };
  afterEach(() => database.drop());

  const one = async (sql: string): Promise<Record<string, number>> =>
    (await select<Record<string, number>>(url, sql))[0] ?? {};
  /** Rows of the aggregate, and the sums of what they hold. */
  const stored = (): Promise<Record<string, number>> =>
    one('SELECT count(*)::int AS buckets, sum(n)::int AS rows, sum(s) AS total FROM house.m_h');
  const storedBefore = (time: number): Promise<Record<string, number>> =>
    one(
      `SELECT count(*)::int AS rows, count(DISTINCT bucket)::int AS buckets FROM house.m_h WHERE bucket < ${at(time)}`,
    );
  const losses = async (set: Variation): Promise<readonly Hazard[]> =>
    (await planSets(url, [house(set)])).steps.flatMap(({ hazards }) => hazards);
  /** How a hazard begins that names these buckets. */
  const figure = (
    { buckets, rows }: Record<string, number>,
    from: number,
    to: number,
    name = 'house.m_h',
  ): RegExp =>
    new RegExp(
      `(^|computes )${buckets} buckets of ${name} from ${iso(from)} to ${iso(to)} \\(${rows} rows\\)`,
    );
  const refuses = async (set: Variation): Promise<void> => {
    const left = await stored();
    await expect(applySets(url, [house(set)])).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('--allow loses-history'),
    });
    expect(await stored()).toEqual(left);
  };

  it('asks before a refresh window reaches back over rows that retention has dropped', async () => {
    await beginWith({ retention: '7 days', startOffset: '3 days' });
    await execute(url, dropChunksBefore(engine, today - 7 * DAY));
    const lost = await storedBefore(today - 7 * DAY);
    expect(lost).toEqual({ buckets: 1_324, rows: 26_480 });
    // The rows begin 62 days and 4 hours before today, so up to 63 days and 4 hours ago.
    const wider = { retention: '90 days', startOffset: '64 days' } as const;
    expect(await losses(wider)).toEqual([
      { name: 'loses-history', reason: expect.stringMatching(figure(lost, begin, today - 7 * DAY)) },
    ]);
    // A window that reaches back no further than the raw rows is no loss.
    expect(await losses({ retention: '90 days', startOffset: '6 days' })).toEqual([]);
    await refuses(wider);
    await applySets(url, [house(wider)], ['loses-history']);
    expect(await stored()).toMatchObject({ buckets: BUCKETS });
    if (engine !== 'timescaledb') {
      // Its jobs are ours, so they keep what can be kept even then, and say so.
      await execute(url, 'UPDATE tsdb.job SET next_start = now()');
      const [run] = (await withConnection(url, runDueJobs)).filter(({ error }) => error !== undefined);
      expect(run?.error).toMatch(/^1324 buckets \(26480 rows\) .* source rows of them are gone/);
      expect(await stored()).toMatchObject({ buckets: BUCKETS, rows: 100_000 });
    } else {
      const [job] = await select<{ id: number }>(
        url,
        `SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate'`,
      );
      await execute(url, `CALL public.run_job(${job?.id})`);
      expect(await stored()).toMatchObject({ buckets: BUCKETS - 26_480 });
    }
  });

  it('keeps buckets whose rows were deleted by SQL when a column is added, and asks when the bucket changes', async () => {
    await beginWith();
    const edge = today - 30 * DAY + 5 * HOUR;
    await execute(url, `DELETE FROM house.m WHERE at < ${at(edge)}`);
    const gone = await storedBefore(edge);
    const all = await stored();
    const plan = await planSets(url, [house({ peak: true })]);
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    expect(plan.steps.at(-1)?.summary).toContain(
      `stay NULL in ${gone.buckets} buckets before ${iso(edge)} (${gone.rows} rows)`,
    );
    expect(await losses({ bucket: '2 hours' })).toEqual([
      {
        name: 'loses-history',
        reason: expect.stringMatching(figure(gone, begin, edge)),
      },
    ]);
    await refuses({ bucket: '2 hours' });
    await applySets(url, [house({ peak: true })]);
    expect(await stored()).toEqual(all);
    expect(await one('SELECT count(*)::int AS rows FROM house.m_h WHERE peak IS NULL')).toEqual({
      rows: gone.rows,
    });
    await applySets(url, [house({ bucket: '2 hours', peak: true })], ['loses-history']);
    expect(await one('SELECT sum(n)::int AS n FROM house.m_h')).toEqual(
      await one('SELECT count(*)::int AS n FROM house.m'),
    );
  });

  it('counts a bucket as gone although a late row of its time has arrived', async () => {
    await beginWith({ daily: 'over hourly' });
    const edge = today - 30 * DAY;
    await execute(url, dropChunksBefore(engine, edge));
    const gone = await storedBefore(edge);
    const all = await stored();
    // One row of one device in each old day.
    await execute(
      url,
      ...(engine !== 'timescaledb'
        ? [`SELECT tsdb.ensure_chunks('house', 'm', ${at(begin)}, ${at(edge)})`]
        : []),
      `INSERT INTO house.m SELECT ${at(begin)} + n * interval '1 day' + interval '10 minutes', 'dev 3', -1 FROM generate_series(0, 31) n`,
    );
    const daily = await one('SELECT count(*)::int AS buckets, sum(n)::int AS rows FROM house.m_d');
    for (const options of [{}, { force: true }, { force: true, batch: 150, newestFirst: true }]) {
      const [hourly] = await refresh(url, engine, { daily: 'over hourly' }, options);
      expect(await stored()).toEqual(all);
      expect(hourly?.kept?.buckets).toBeGreaterThan(0);
    }
    expect(await one('SELECT count(*)::int AS buckets, sum(n)::int AS rows FROM house.m_d')).toEqual(daily);
    const plan = await planSets(url, [house({ daily: 'over hourly', peak: true })]);
    expect(plan.steps.at(-1)?.summary).toContain(
      `stay NULL in ${gone.buckets} buckets before ${iso(edge)} (${gone.rows} rows)`,
    );
    await applySets(url, [house({ daily: 'over hourly', peak: true })]);
    expect(await stored()).toEqual(all);
    const two = { daily: 'over hourly', peak: true, bucket: '2 hours' } as const;
    // Day by day the oldest day is cut: 4 hours of it are stored.
    expect((await losses(two)).map(({ reason }) => reason)).toEqual([
      expect.stringMatching(figure({ buckets: 33, rows: 660 }, today - 63 * DAY, edge, 'house.m_d')),
      expect.stringMatching(figure(gone, begin, edge)),
    ]);
    await refuses(two);
    await applySets(url, [house(two)], ['loses-history']);
    expect(await one('SELECT sum(n)::int AS n FROM house.m_h')).toEqual(
      await one('SELECT count(*)::int AS n FROM house.m'),
    );
  });

  it('asks before an aggregate gets another source that does not hold all of its history', async () => {
    await beginWith({ daily: 'over hourly' });
    expect(await losses({ daily: 'over raw' })).toEqual([]);
    await execute(url, dropChunksBefore(engine, today - 20 * DAY));
    // The aggregate over it still holds all hours.
    expect(await losses({ daily: 'over raw' })).toEqual([
      {
        name: 'loses-history',
        reason: expect.stringMatching(
          figure({ buckets: 43, rows: 860 }, today - 63 * DAY, today - 20 * DAY, 'house.m_d'),
        ),
      },
    ]);
    // A table under another name is a new and empty one.
    const renamed = await losses({ daily: 'over hourly', table: 'house.measurement' });
    expect(renamed.map(({ reason }) => reason.split(' (')[0])).toEqual([
      `61 buckets of house.m_d from ${iso(today - 63 * DAY)} to ${iso(today - 2 * DAY)}`,
      `1444 buckets of house.m_h from ${iso(begin)} to ${iso(today - 2 * DAY)}`,
    ]);
  });

  it('never refreshes over chunks that were dropped by hand, and says from when on it did', async () => {
    await beginWith();
    const edge = today - 20 * DAY;
    await execute(url, dropChunksBefore(engine, edge));
    const gone = await storedBefore(edge);
    const all = await stored();
    for (const options of [{}, { batch: 100 }, { force: true }]) {
      const [result] = await refresh(url, engine, {}, options);
      expect(result).toMatchObject({ from: iso(edge), kept: { ...gone, from: iso(begin), to: iso(edge) } });
      expect(await stored()).toEqual(all);
    }
    // With consent it computes them from the rows that are left.
    const [result] = await refresh(url, engine, {}, { force: true, losesHistory: true });
    expect(result).toMatchObject({ from: '-infinity', kept: null });
    expect(await stored()).toMatchObject({ buckets: BUCKETS - (gone.rows ?? 0) });
  });

  it('follows late rows of a device whose other rows are all there', async () => {
    await beginWith();
    await execute(
      url,
      `INSERT INTO house.m VALUES (${at(today - 40 * DAY)}, 'dev 3', 5), (${at(today - 40 * DAY)}, 'dev new', 6)`,
    );
    const [result] = await refresh(url, engine, {});
    expect(result?.kept).toBeNull();
    expect(await stored()).toMatchObject({ buckets: BUCKETS + 1, rows: 100_002 });
  });

  it('does not swap in an aggregate when rows were dropped after the plan', async () => {
    await beginWith();
    const all = await stored();
    const to = [house({ bucket: '2 hours' })];
    const plan = await planSets(url, to);
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    await expect(
      withConnection(url, async (db) => {
        for (const { sql } of plan.steps) {
          for (const statement of sql) await db.query(statement);
          // After the new aggregate was filled.
          if (sql.some((statement) => statement.startsWith('CALL')))
            await db.query(dropChunksBefore(engine, today - 50 * DAY));
        }
      }),
    ).rejects.toThrow(/rows of house.m_h would be lost, but the plan says 0/);
    expect(await stored()).toEqual(all);
  });
});
