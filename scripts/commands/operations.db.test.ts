// `tsdb jobs run`, `tsdb compress` and `tsdb decompress` as people run them: words, exit codes, and one line for both engines.
import { createTestDatabase, type TestDatabase, testServers, withJobs } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot } from '../../db/schema/iot';
import { applySets, execute, select } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';
import { startTsdb } from '../testing/command-line';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let host: CommandHost;
  const env = (): Record<string, string> => ({ DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' });
  const run = (...args: readonly string[]) => host.run(args, env());

  beforeAll(async () => {
    // Not cloned: where jobs run, the template of a clone may hold one that was ended in the middle.
    database = await createTestDatabase(withJobs(server));
    await applySets(database.url, [iot]);
    host = startHost();
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  it('refuses tables without a columnstore, and a server without one', async () => {
    const alerts = await run('compress', 'sensor_alerts');
    expect(alerts).toMatchObject({ code: 3, stdout: '' });
    expect(alerts.stderr).toMatch(
      /public\.sensor_alerts declares no columnstore.*these declare one: public\.sensor_data/,
    );
    expect(await run('compress', 'nothing')).toMatchObject({ code: 1, stdout: '' });
    expect(await run('compress', '--older-than', 'old')).toMatchObject({ code: 1, stdout: '' });
    if (engine !== 'postgres') return;
    for (const args of [
      ['compress'],
      ['decompress', 'sensor_data', '--from', '2026-01-01', '--to', '2026-02-01'],
    ])
      expect(await run(...args)).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringContaining('this server has no columnstore'),
      });
  });

  it('has one line for both engines that tells a failing job by its exit code', async () => {
    const good = await run('jobs', 'run');
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+ jobs.*, 0 failed/) });
    if (engine !== 'timescaledb') {
      await execute(
        database.url,
        `UPDATE tsdb.continuous_aggregate SET refresh_query = 'SELECT 1/0'`,
        `INSERT INTO public.sensor_data VALUES (now() - interval '1 day', 'a', 1, 2, 3)`,
        `UPDATE tsdb.job SET next_start = now()`,
      );
      expect((await run('jobs', 'run')).code).toBe(1);
      return;
    }
    // Each of them: a first run that comes later would make good again what is made bad here.
    const open = `SELECT FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s USING (job_id)
      WHERE j.hypertable_name = 'sensor_data' AND (coalesce(s.total_runs, 0) = 0 OR s.job_status = 'Running')`;
    await waitFor('the first run of every job of the table', async () => {
      return (await select(database.url, open)).length === 0;
    });
    // The server keeps its own timetable in memory: it does not come to this job while the test looks.
    const stats = (change: string): string =>
      `UPDATE _timescaledb_internal.bgw_job_stat SET ${change} WHERE job_id IN (SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'sensor_data')`;
    await execute(database.url, stats('last_run_success = false'));
    const failing = await run('jobs', 'run');
    expect(failing).toMatchObject({ code: 2, stdout: expect.stringMatching(/[1-9]\d* failed, 0 late/) });
    await execute(database.url, stats(`last_run_success = true, next_start = now() - interval '30 days'`));
    const late = await run('jobs', 'run', '--json');
    expect(late.code).toBe(2);
    expect(JSON.parse(late.stdout)).toContainEqual(expect.objectContaining({ state: 'late' }));
  });

  it('says what is missing before the first apply', async () => {
    const empty = await createTestDatabase(server);
    const { code, stderr } = await host.run(['jobs', 'run'], { ...env(), DATABASE_URL: empty.url });
    await empty.drop();
    expect(code).toBe(1);
    expect(stderr).toContain('"npm run tsdb -- plan" shows what is missing');
  });

  if (engine !== 'postgres') {
    it('shows chunks in a dry run, converts them, and turns them back with a warning', async () => {
      await execute(
        database.url,
        ...(engine === 'citus'
          ? [`SELECT tsdb.ensure_chunks('public', 'sensor_data', now() - interval '7 days', now())`]
          : []),
        `INSERT INTO public.sensor_data SELECT date_trunc('day', now()) - interval '6 days' + n * interval '1 minute', 'sensor_' || n % 3, 1, 2, 3
           FROM generate_series(0, 3 * 1440 - 1) n`,
      );
      const compressed = (): Promise<object[]> =>
        select(
          database.url,
          engine === 'citus'
            ? `SELECT count(*)::int AS chunks FROM tsdb.chunk k JOIN pg_class c ON c.oid = k.chunk JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'columnar'`
            : `SELECT count(*)::int AS chunks FROM timescaledb_information.chunks WHERE hypertable_name = 'sensor_data' AND is_compressed`,
        );
      expect(await run('compress')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('nothing to do'),
      });
      const flags = ['compress', 'sensor_data', '--older-than', '1 day'];
      const dry = await run(...flags, '--dry-run', '--json');
      const found = (JSON.parse(dry.stdout) as { found: number }).found;
      expect(found).toBeGreaterThan(1);
      expect(await compressed()).toEqual([{ chunks: 0 }]);
      const real = startTsdb(flags, { env: env() });
      await real.says(/: .* → .* in \d+ ms/);
      real.process.kill('SIGINT');
      const stopped = await real.finished;
      // A quick machine may be through before the signal arrives.
      expect([0, 130]).toContain(stopped.code);
      expect(await run(...flags)).toMatchObject({ code: 0, stderr: expect.any(String) });
      expect(await compressed()).toEqual([{ chunks: found }]);
      const back = await run('decompress', 'sensor_data', '--from', '2020-01-01', '--to', '2100-01-01');
      expect(back).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`${found} chunks converted to rows, 0 failed`),
        stderr: expect.stringMatching(/note: job \d+ will convert chunks .* older than 7 days again/),
      });
      expect(await compressed()).toEqual([{ chunks: 0 }]);
    });
  }
});
