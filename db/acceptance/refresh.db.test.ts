// Aggregates stay right: late rows, real-time rows, hierarchy, history whose source is gone, and jobs.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, select } from '../testing/apply';
import { plant } from '../testing/sets';
import { runDueJobs } from '../upkeep/jobs';
import { type RefreshResult, refreshAggregates } from '../upkeep/refresh';
import type { RefreshWindow } from '../upkeep/refresh-slices';
import { readStatus } from '../upkeep/status';

const desired = desiredFrom([plant()]);

const RAW_DAILY = `
  SELECT date_trunc('day', at AT TIME ZONE 'UTC') AS bucket, device, avg(value) AS avg_value, count(*)::int AS rows
    FROM plant.metric GROUP BY 1, 2 ORDER BY 1, 2`;
const DAY = 86_400_000;
const DAILY = `SELECT bucket AT TIME ZONE 'UTC' AS bucket, device, avg_value, rows::int AS rows FROM plant.metric_daily ORDER BY 1, 2`;

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;

  beforeEach(async () => {
    database = await createTestDatabase(server, applied([plant()], 'all jobs'));
    url = database.url;
  });
  afterEach(() => database.drop());

  // Rows end two days ago, so that no hour or day that goes by while a test runs ends at one of them.
  let newest: Date;
  const earlierBy = (days: number): Date => new Date(newest.getTime() - days * DAY);

  const refresh = (window?: RefreshWindow): Promise<readonly RefreshResult[]> =>
    withConnection(url, (db) => refreshAggregates(db, engine, desired.aggregates, window));

  /** Unequal numbers of rows per hour, so that an average of averages would be wrong; `chunks` makes the chunks first. */
  async function insertDays(days: number, chunks: 'with chunks' | 'without chunks'): Promise<void> {
    newest = new Date(Date.now() - 2 * DAY);
    if (engine !== 'timescaledb' && chunks === 'with chunks')
      await execute(
        url,
        `SELECT tsdb.ensure_chunks('plant', 'metric', '${earlierBy(days + 1).toISOString()}', now())`,
      );
    await execute(
      url,
      `INSERT INTO plant.metric SELECT '${newest.toISOString()}'::timestamptz - n * n * interval '1 second', 'device ' || n % 2, sqrt(n) FROM generate_series(1, ${Math.floor(Math.sqrt(days * 86_400))}) n`,
    );
  }

  /** Compares with averages of the raw rows; sums differ in the last digits by their order. */
  const expectDailyIsExact = async (): Promise<void> => {
    const raw = await select<{ avg_value: number }>(url, RAW_DAILY);
    const daily = await select<{ avg_value: number }>(url, DAILY);
    expect(daily.length).toBeGreaterThan(5);
    expect(daily).toEqual(raw.map((row) => ({ ...row, avg_value: expect.closeTo(row.avg_value, 9) })));
  };

  it('answers exactly before, during and after refreshes', async () => {
    await insertDays(10, 'with chunks');
    await expectDailyIsExact();
    // Hours and days after this one are not stored yet.
    await refresh({ to: earlierBy(1.5) });
    await expectDailyIsExact();
    await refresh({ from: earlierBy(4) });
    await refresh();
    await expectDailyIsExact();
    // Now, not minutes ago: just after the hour that would lie before the watermark and be a late row.
    await execute(url, `INSERT INTO plant.metric VALUES (now(), 'device 0', 1000)`);
    await expectDailyIsExact();
  });

  it('picks late rows up at the next refresh of their range', async () => {
    await insertDays(10, 'with chunks');
    await refresh();
    await execute(
      url,
      `INSERT INTO plant.metric VALUES ('${earlierBy(5).toISOString()}'::timestamptz, 'device 0', 1000)`,
    );
    await refresh({ from: earlierBy(6), to: earlierBy(4) });
    await expectDailyIsExact();
  });

  it('keeps buckets whose source rows are past retention', async () => {
    await insertDays(42, 'with chunks');
    await refresh();
    const hourly = await select<{ rows: number }>(
      url,
      'SELECT sum(rows)::int AS rows FROM plant.metric_hourly',
    );
    await execute(
      url,
      engine === 'timescaledb'
        ? `SELECT public.drop_chunks('plant.metric', older_than => interval '30 days')`
        : `SELECT tsdb.drop_expired('plant', 'metric', now() - interval '30 days')`,
    );
    const [left] = await select<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM plant.metric');
    expect(left?.rows).toBeLessThan(hourly[0]?.rows ?? 0);
    const results = await refresh();
    const [gone] = await select<{ rows: number; buckets: number }>(
      url,
      `SELECT count(*)::int AS rows, count(DISTINCT bucket)::int AS buckets FROM plant.metric_hourly WHERE bucket <= (SELECT ${
        engine === 'timescaledb'
          ? `min(range_start) FROM timescaledb_information.chunks WHERE hypertable_name = 'metric'`
          : `now() - interval '30 days'`
      })`,
    );
    expect(results[0]?.kept).toMatchObject({ ...gone, from: expect.stringMatching(/^\d{4}-/) });
    expect(await select(url, 'SELECT sum(rows)::int AS rows FROM plant.metric_hourly')).toEqual(hourly);
  });

  it('fills in a first refresh over rows that are past retention and were never aggregated', async () => {
    await insertDays(42, 'with chunks');
    const results = await refresh();
    expect(results.map(({ kept }) => kept)).toEqual([null, null]);
    await expectDailyIsExact();
  });

  it('does nothing for a window without a complete bucket', async () => {
    await insertDays(1, 'without chunks');
    const inAnHour = new Date(Date.now() + 3_600_000);
    expect(
      (await refresh({ from: inAnHour, to: new Date(inAnHour.getTime() + 60_000) })).map(({ from }) => from),
    ).toEqual([null, null]);
  });

  it('reports watermarks and jobs in the status', async () => {
    await insertDays(3, 'without chunks');
    await refresh();
    const status = await withConnection(url, (db) => readStatus(db, desired));
    expect(status).toMatchObject({ inSync: true, differences: 0, server: { engine } });
    expect(status.aggregates.map(({ aggregate }) => aggregate)).toEqual([
      'plant.metric_daily',
      'plant.metric_hourly',
    ]);
    for (const { watermark } of status.aggregates) expect(watermark).toMatch(/^\d{4}-\d\d-\d\dT00|:00:00Z$/);
    expect(status.jobs.map(({ job }) => job)).toEqual(
      expect.arrayContaining(['refresh of plant.metric_hourly', 'retention of plant.metric']),
    );
  });
});

describe.each(testServers('postgres').map((server) => [server.engine, server] as const))(
  'jobs of engine %s',
  (_engine, server) => {
    let database: TestDatabase;
    let url: string;

    beforeEach(async () => {
      database = await createTestDatabase(server, applied([plant()]));
      url = database.url;
    });
    afterEach(() => database.drop());

    const run = (): Promise<readonly { job: string; error?: string }[]> => withConnection(url, runDueJobs);

    it('run once each, sources first, and are not due again', async () => {
      const runs = await run();
      expect(runs.map(({ job, error }) => [job, error])).toEqual([
        ['chunks of plant.metric', undefined],
        ['refresh of plant.metric_hourly', undefined],
        ['refresh of plant.metric_daily', undefined],
        ['retention of plant.metric', undefined],
        ['retention of plant.metric_daily', undefined],
      ]);
      expect(await run()).toEqual([]);
    });

    it('drop expired chunks and stray rows, and nothing younger', async () => {
      await execute(
        url,
        `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '40 days', now() - interval '20 days')`,
        `INSERT INTO plant.metric SELECT now() - n * interval '1 day', 'a', n FROM generate_series(0, 60) n`,
      );
      const rows = (): Promise<{ n: number; at: Date }[]> =>
        select(url, 'SELECT value::int AS n, at FROM plant.metric ORDER BY 1');
      // A chunk goes when all of it is older than 30 days: the day that the limit lies in stays.
      const limit = async (): Promise<Date> =>
        (
          await select<{ limit: Date }>(url, `SELECT date_trunc('day', now() - interval '30 days') AS limit`)
        )[0]?.limit as Date;
      const all = await rows();
      const [earliest, , latest] = [await limit(), await run(), await limit()];
      const left = await rows();
      expect(left.length).toBeGreaterThanOrEqual(30);
      // The limits are the same, unless a day ends here.
      expect([earliest, latest].map((day) => all.filter(({ at }) => at >= day))).toContainEqual(left);
    });

    it('move stray rows into their chunk without losing any', async () => {
      await execute(
        url,
        `INSERT INTO plant.metric SELECT now() + interval '2 days' + n * interval '1 minute', 'a', n FROM generate_series(1, 500) n`,
      );
      const stray = (): Promise<{ rows: number }[]> =>
        select(url, 'SELECT count(*)::int AS rows FROM tsdb.plant_metric_default');
      expect(await stray()).toEqual([{ rows: 500 }]);
      await execute(url, `SELECT tsdb.ensure_chunks('plant', 'metric', now(), now() + interval '3 days')`);
      expect(await stray()).toEqual([{ rows: 0 }]);
      expect(
        await select(url, 'SELECT count(*)::int AS rows, sum(value)::int AS total FROM plant.metric'),
      ).toEqual([{ rows: 500, total: 125_250 }]);
    });

    it('make chunks at once from many sessions while rows arrive', async () => {
      const makers = Array.from({ length: 6 }, () =>
        execute(url, `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '25 days', now())`),
      );
      const writers = Array.from({ length: 6 }, (_, at) =>
        execute(
          url,
          ...Array.from(
            { length: 20 },
            (__, n) => `INSERT INTO plant.metric VALUES (now() - interval '${n} days', 'writer ${at}', ${n})`,
          ),
        ),
      );
      await Promise.all([...makers, ...writers]);
      expect(await select(url, 'SELECT count(*)::int AS rows FROM plant.metric')).toEqual([{ rows: 120 }]);
      const overlaps = `SELECT FROM tsdb.chunk a JOIN tsdb.chunk b ON a.chunk <> b.chunk AND a.range_start < b.range_end AND b.range_start < a.range_end`;
      expect(await select(url, overlaps)).toEqual([]);
    });

    it('fill the gaps after the chunk interval changed', async () => {
      await applySets(url, [plant({ chunkInterval: '7 days' })]);
      await execute(
        url,
        `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '30 days', now() + interval '30 days')`,
      );
      const [covered] = await select<{ gaps: number }>(
        url,
        `SELECT count(*)::int AS gaps FROM (SELECT range_start, lag(range_end) OVER (ORDER BY range_start) AS before FROM tsdb.chunk) c WHERE before <> range_start`,
      );
      expect(covered?.gaps).toBe(0);
    });

    it('record a failure, tell it, and go on with the others', async () => {
      await execute(
        url,
        `UPDATE tsdb.continuous_aggregate SET refresh_query = 'SELECT 1/0' WHERE view_name = 'metric_hourly'`,
      );
      await execute(url, `INSERT INTO plant.metric VALUES (now() - interval '1 day', 'a', 1)`);
      const failed = (await run()).filter(({ error }) => error !== undefined);
      expect(failed.map(({ job }) => job)).toEqual(['refresh of plant.metric_hourly']);
      const status = await withConnection(url, (db) => readStatus(db, desired));
      expect(status.jobs.filter(({ state }) => state === 'failing').map(({ job }) => job)).toEqual([
        'refresh of plant.metric_hourly',
      ]);
    });
  },
);
