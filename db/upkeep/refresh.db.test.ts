// A long refresh goes in slices: they fit together, stop cleanly, go on, and spare history whose source is gone.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, execute, select } from '../testing/apply';
import { plant } from '../testing/sets';
import { type RefreshOptions, type RefreshResult, refreshAggregates } from './refresh';
import type { RefreshWindow } from './refresh-slices';

const { aggregates } = desiredFrom([plant()]);
const hourly = aggregates.filter(({ name }) => name === 'metric_hourly');
const DAY = 86_400_000;
// Read once: what depends on now is a day away from every row, and may be a day later than this.
const today = Math.floor(Date.now() / DAY) * DAY;
const daysAgo = (days: number): Date => new Date(today - days * DAY);
const iso = (time: Date): string => time.toISOString().replace('.000', '');

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;

  beforeEach(async () => {
    database = await createTestDatabase(server, applied([plant()], 'all jobs'));
    url = database.url;
  });
  afterEach(() => database.drop());

  /** A row every 30 minutes of whole days. */
  const insert = async (from: number, to: number): Promise<void> => {
    if (engine !== 'timescaledb')
      await execute(
        url,
        `SELECT tsdb.ensure_chunks('plant', 'metric', '${iso(daysAgo(from))}', '${iso(daysAgo(to))}')`,
      );
    await execute(
      url,
      `INSERT INTO plant.metric SELECT '${iso(daysAgo(from))}'::timestamptz + n * interval '30 minutes', 'a', n FROM generate_series(0, ${(from - to) * 48 - 1}) n`,
    );
  };
  const refresh = (options: RefreshOptions, window: RefreshWindow = {}): Promise<readonly RefreshResult[]> =>
    withConnection(url, (db) => refreshAggregates(db, engine, hourly, window, undefined, options));
  /** Stored buckets, without what a real-time view adds. */
  const stored = async (): Promise<{ buckets: number; rows: number } | undefined> => {
    const [name] = await select<{ name: string }>(
      url,
      engine !== 'timescaledb'
        ? `SELECT format('tsdb.%I', materialization) AS name FROM tsdb.continuous_aggregate WHERE view_name = 'metric_hourly'`
        : `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name FROM timescaledb_information.continuous_aggregates WHERE view_name = 'metric_hourly'`,
    );
    const [row] = await select<{ buckets: number; rows: number }>(
      url,
      `SELECT count(*)::int AS buckets, coalesce(sum(rows), 0)::int AS rows FROM ${name?.name}`,
    );
    return row;
  };

  it('cuts a range into slices of buckets and passes over stretches without rows', async () => {
    await insert(20, 18);
    await insert(3, 1);
    const progress: [number, number][] = [];
    const [result] = await refresh({ batch: 10, onSlice: ({ done, total }) => progress.push([done, total]) });
    // Twice 48 buckets with rows in tens; the fifth slice of the first two days ends in the stretch without rows.
    expect(result).toMatchObject({ from: '-infinity', slices: 11, complete: true, kept: null });
    expect(await stored()).toEqual({ buckets: 96, rows: 192 });
    const [last] = progress.slice(-1);
    expect(last?.[0]).toBe(last?.[1]);
    expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).sort((a, b) => a - b));
  });

  it('stops after the slice under way, tells what was done, and goes on', async () => {
    await insert(5, 1);
    const stop = new AbortController();
    const [result] = await refresh({ batch: 24, signal: stop.signal, onSlice: () => stop.abort() });
    expect(result).toMatchObject({ from: '-infinity', to: iso(daysAgo(4)), slices: 1, complete: false });
    expect(await stored()).toEqual({ buckets: 24, rows: 48 });
    const [rest] = await refresh({ batch: 24 }, { from: daysAgo(4) });
    expect(rest).toMatchObject({ from: iso(daysAgo(4)), complete: true });
    expect(await stored()).toEqual({ buckets: 96, rows: 192 });
  });

  it('keeps the slices that were committed when its session is lost', async () => {
    await insert(5, 1);
    const work = withConnection(url, (db) =>
      refreshAggregates(db, engine, hourly, {}, undefined, {
        batch: 24,
        onSlice: () => void db.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined),
      }),
    );
    await expect(work).rejects.toThrow(/terminat/);
    expect(await stored()).toEqual({ buckets: 24, rows: 48 });
    await refresh({ batch: 24 });
    expect(await stored()).toEqual({ buckets: 96, rows: 192 });
  });

  it('goes on with a fill over rows past retention that was interrupted', async () => {
    await insert(42, 38);
    const stop = new AbortController();
    await refresh({ batch: 24, signal: stop.signal, onSlice: () => stop.abort() });
    const [result] = await refresh({ batch: 24 });
    // What is stored of that time stays as it is, what was not reached is computed.
    const kept = { buckets: 24, rows: 24, from: iso(daysAgo(42)), to: iso(daysAgo(41)) };
    expect(result).toMatchObject(
      // TimescaleDB would not compute what is fresh again in any case.
      engine === 'timescaledb'
        ? { from: '-infinity', kept: null, complete: true }
        : { from: iso(daysAgo(41)), kept, complete: true },
    );
    expect(await stored()).toEqual({ buckets: 96, rows: 192 });
  });

  it('spares history whose source rows are gone, slice by slice and by force, in both directions', async () => {
    await insert(42, 38);
    await insert(3, 1);
    await refresh({});
    const before = await stored();
    await execute(
      url,
      engine === 'timescaledb'
        ? `SELECT public.drop_chunks('plant.metric', older_than => interval '30 days')`
        : `SELECT tsdb.drop_expired('plant', 'metric', now() - interval '30 days')`,
    );
    for (const newestFirst of [false, true]) {
      const [result] = await refresh({ batch: 7, force: true, newestFirst });
      expect(result?.kept).toEqual({ buckets: 96, rows: 96, from: iso(daysAgo(42)), to: iso(daysAgo(38)) });
      expect(await stored()).toEqual(before);
    }
  });

  it('takes the newest buckets away when their rows were deleted and the loss is allowed', async () => {
    await insert(5, 1);
    await refresh({});
    await execute(url, `DELETE FROM plant.metric WHERE at >= '${iso(daysAgo(3))}'`);
    const [spared] = await refresh({ force: true });
    expect(spared?.kept).toEqual({ buckets: 48, rows: 48, from: iso(daysAgo(3)), to: iso(daysAgo(1)) });
    expect(await stored()).toEqual({ buckets: 96, rows: 192 });
    await refresh({ force: true, losesHistory: true });
    expect(await stored()).toEqual({ buckets: 48, rows: 96 });
  });

  it('by force computes what seems fresh, newest first when asked', async () => {
    await insert(5, 1);
    await refresh({});
    await execute(
      url,
      ...(engine === 'timescaledb' ? ['SET timescaledb.skip_cagg_invalidation = on'] : []),
      `INSERT INTO plant.metric SELECT '${iso(daysAgo(5))}'::timestamptz + n * interval '1 day', 'a', 1 FROM generate_series(0, 3) n`,
    );
    await refresh({ batch: 24 });
    expect((await stored())?.rows).toBe(engine === 'timescaledb' ? 192 : 196);
    const stop = new AbortController();
    const options = { batch: 24, force: true, newestFirst: true } as const;
    const window = { to: new Date(daysAgo(1).getTime() - 1) };
    const [part] = await refresh({ ...options, signal: stop.signal, onSlice: () => stop.abort() }, window);
    expect(part).toMatchObject({ from: iso(daysAgo(2)), to: iso(daysAgo(1)), complete: false });
    expect((await stored())?.rows).toBe(engine === 'timescaledb' ? 193 : 196);
    await refresh(options, window);
    expect(await stored()).toEqual({ buckets: 96, rows: 196 });
  });
});
