// What `tsdb status` says, and its exit codes, before the first apply, when all is well, and after a change by hand.
import { refreshAll } from '../../api/testing/fixture';
import { createTestDatabase, type TestDatabase, testServers, withJobs } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot } from '../../db/schema/iot';
import { applySets, execute, select } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';

const TABLES = [
  'public.sensor_data',
  'public.sensor_alerts',
  'public.sensor_data_hourly',
  'public.sensor_data_daily',
  'public.sensor_data_monthly',
  'public.peak_hours',
];

interface Storage {
  readonly table: string;
  readonly chunks: number;
  readonly bytes: number;
  readonly compressedChunks: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly savedPercent: number | null;
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let host: CommandHost;
  const run = (...flags: readonly string[]) =>
    host.run(['status', ...flags], { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' });

  beforeAll(async () => {
    host = startHost();
    database = await createTestDatabase(withJobs(server));
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  it('has nothing to count before the first apply', async () => {
    const { code, stdout } = await run('--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ inSync: false, jobs: [], aggregates: [], storage: [] });
  });

  it('counts chunks, bytes and what compression saved, for programs and for people', async () => {
    await applySets(database.url, [iot]);
    if (engine === 'timescaledb') {
      await firstRunsEnded(database.url);
      await execute(
        database.url,
        `INSERT INTO public.sensor_data SELECT date_trunc('day', now()) - interval '3 days' + n * interval '20 seconds', 'sensor_' || n % 3, 1, 2, 3
           FROM generate_series(0, 3 * 4320 - 1) n`,
        `SELECT public.compress_chunk(c, if_not_compressed => true) FROM public.show_chunks('public.sensor_data', older_than => date_trunc('day', now())) c ORDER BY c LIMIT 1`,
      );
      await refreshAll(database.url);
    }
    const [json, text] = [await run('--json'), await run()];
    expect([json.code, text.code]).toEqual([0, 0]);
    const { storage } = JSON.parse(json.stdout) as { storage: readonly Storage[] };
    expect(storage.map(({ table }) => table)).toEqual(TABLES);
    const [readings] = storage as [Storage, ...Storage[]];
    const [counted] = await select<{ chunks: number }>(
      database.url,
      engine === 'timescaledb'
        ? `SELECT count(*)::int AS chunks FROM public.show_chunks('public.sensor_data')`
        : `SELECT count(*)::int - 1 AS chunks FROM pg_inherits WHERE inhparent = 'public.sensor_data'::regclass -- one is for stray rows`,
    );
    expect(readings.chunks).toBe(counted?.chunks);
    expect(readings.bytes).toBeGreaterThan(0);
    const compressed = engine === 'timescaledb' ? 1 : 0;
    expect(readings.compressedChunks).toBe(compressed);
    if (compressed === 0)
      expect(readings).toMatchObject({ beforeBytes: 0, afterBytes: 0, savedPercent: null });
    else {
      expect(readings.afterBytes).toBeLessThan(readings.beforeBytes);
      expect(readings.savedPercent).toBeCloseTo(100 * (1 - readings.afterBytes / readings.beforeBytes), 1);
    }
    expect(text.stdout).toMatch(/^table +chunks +size +compressed +saved$/m);
    const saved = compressed === 0 ? '-' : `${readings.savedPercent} %`;
    expect(text.stdout).toMatch(
      new RegExp(`^public\\.sensor_data +${readings.chunks} +[\\d.]+ [KMG]iB +${compressed} +${saved}$`, 'm'),
    );
    for (const table of TABLES) expect(text.stdout).toMatch(new RegExp(`^${table} +\\d+ +`, 'm'));
  });

  it('tells a change by hand by its exit code', async () => {
    await execute(database.url, 'DROP INDEX public.sensor_data_sensor_id_time_idx');
    const { code, stdout } = await run();
    expect(code).toBe(2);
    expect(stdout).toContain('schema: 1 difference, see "npm run tsdb -- plan"');
  });
});

/** Waits for the refreshes that TimescaleDB starts right after an apply: one that meets ours would fail. */
async function firstRunsEnded(url: string): Promise<void> {
  const open = `SELECT FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s USING (job_id)
                 WHERE j.proc_name = 'policy_refresh_continuous_aggregate' AND (coalesce(s.total_runs, 0) = 0 OR s.job_status = 'Running')`;
  await waitFor('the first run of every refresh', async () => (await select(url, open)).length === 0);
}
