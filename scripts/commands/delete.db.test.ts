// `tsdb delete` as people run it: words, consent and exit codes.
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { iot } from '../../db/schema/iot';
import { applied, execute, select } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';

describe.each(testServers())('tsdb delete on $describe', (server) => {
  let database: TestDatabase;
  let host: CommandHost;
  const run = (...args: readonly string[]) =>
    host.run(['delete', ...args], { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot' });
  const range = ['--from', '2026-11-02', '--to', '2026-11-03'];
  const counts = async () =>
    (
      await select<{ rows: number; hourly: number }>(
        database.url,
        `SELECT (SELECT count(*)::int FROM public.sensor_data) AS rows, (SELECT sum(reading_count)::int FROM public.sensor_data_hourly) AS hourly`,
      )
    )[0];

  beforeAll(async () => {
    database = await createTestDatabase(server, applied([iot], 'all jobs'));
    await execute(
      database.url,
      `INSERT INTO public.sensor_data SELECT timestamptz '2026-11-01 00:00Z' + n * interval '30 minutes', 's' || n % 2, n, n, n FROM generate_series(0, 143) n`,
      ...['hourly', 'daily'].map(
        (level) => `CALL public.refresh_continuous_aggregate('public.sensor_data_${level}', NULL, now())`,
      ),
    );
    host = startHost();
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  it('counts, asks, and deletes', async () => {
    const dry = await run('sensor_data', ...range, '--where', 'sensor_id=s1', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /sensor_data_hourly +24 buckets[\s\S]*24 rows would be deleted; nothing was changed/,
      ),
    });
    const unasked = await run('sensor_data', ...range, '--where', 'sensor_id=s1');
    expect(unasked).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /24 rows of sensor_data from 2026-11-02 to 2026-11-03 where sensor_id=s1[\s\S]*no terminal to ask for confirmation; add --yes/,
      ),
    });
    expect(await counts()).toEqual({ rows: 144, hourly: 144 });
    const done = await run('sensor_data', ...range, '--where', 'sensor_id=s1', '--yes', '--json');
    expect([done.code, JSON.parse(done.stdout)]).toMatchObject([0, { deleted: 24, dryRun: false }]);
    expect(await counts()).toEqual({ rows: 120, hourly: 120 });
  });

  it('refuses what it cannot read, and what would lose other rows', async () => {
    expect(await run('nothing', ...range)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing'),
    });
    expect(await run('sensor_data', '--from', '2026-11-03', '--to', '2026-11-02')).toMatchObject({ code: 1 });
    expect(await run('sensor_data', '--from', '2026-11-03')).toMatchObject({ code: 1 });
    await execute(database.url, `DELETE FROM public.sensor_data WHERE time = '2026-11-03 05:00Z'`);
    const refused = await run('sensor_data', '--from', '2026-11-03', '--to', '2026-11-04', '--yes');
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nothing was deleted. Choose a range without these buckets'),
    });
    expect(await counts()).toEqual({ rows: 119, hourly: 120 });
  });
});
