// `tsdb up`: from nothing to checked answers, found by the other commands, and ended by Ctrl-C.
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../db/local/binaries';
import { runningServer } from '../../db/local/lock';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { type Finished, processesOf, startTsdb, tsdb } from '../testing/command-line';
import { NPM_SERVER } from '../testing/npm-server';

const SMALL = ['--days', '1', '--sensors', '2', '--interval', '300'];
const READINGS_OF_A_SENSOR = 288;
const CHECKED = [
  '/api/sensors',
  '/api/sensors/sensor_001/current',
  '/api/sensors/sensor_001/raw?period=1d',
  '/api/sensors/sensor_001/hourly?period=1w',
  '/api/sensors/sensor_001/daily?period=1m',
  '/api/sensors/sensor_001/monthly?period=1y',
];

const choices = findTimescaleBinaries(process.env) ? ['embedded', 'timescaledb'] : ['embedded'];

describe.each(choices)('up on a server of its own: %s', (choice) => {
  let place: string;
  let folder: string;
  let env: Record<string, string>;
  beforeAll(() => {
    place = temporaryFolder();
    folder = join(place, 'platform');
    env = { ...NPM_SERVER, TSDB_LOCAL_SERVER: choice, TSDB_DATA: folder };
  });
  afterAll(() => removeFolder(place));

  it('builds everything, checks every endpoint and leaves nothing running', async () => {
    // --data, where the next test has TSDB_DATA
    const { code, stdout, stderr } = await startTsdb(
      ['up', '--once', '--port', '0', '--data', folder, ...SMALL],
      // As "npm start" does it; the others are the program of the image, which starts sooner.
      { env: { TSDB_LOCAL_SERVER: choice }, fromSources: true },
    ).finished;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`${2 * READINGS_OF_A_SENSOR} readings of 2 sensors`),
    });
    for (const path of CHECKED) expect(stdout).toContain(`checked        ${path}  `);
    expect(stdout).toMatch(/^database {7}postgresql:\/\/postgres:\*\*\*@127\.0\.0\.1:\d+\/tsdb$/m);
    expect(processesOf(folder)).toEqual([]);
  });

  it('serves the same data at the next start, to browsers and to other commands, until Ctrl-C', async () => {
    const platform = startTsdb(['up', '--port', '0', ...SMALL], { env });
    const [, url] = await platform.says(/page and API {3}(http:\/\/\S+)\//);
    await platform.says(/Ctrl-C stops everything/);
    expect(platform.output()).toMatch(/schema: in sync\n.*there are readings already/);
    const answer = await fetch(`${url}/api/sensors/sensor_001/raw?period=1m`);
    expect(await answer.json()).toMatchObject({ count: READINGS_OF_A_SENSOR });

    const [plan, status, served, second] = await Promise.all([
      tsdb(['plan', '--detailed-exitcode'], env),
      tsdb(['status', '--json'], env),
      servesOnce(env),
      tsdb(['up', '--port', '0'], env),
    ]);
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(status.stdout)).toMatchObject({ inSync: true, server: { database: 'tsdb' } });
    expect(served.code).toBe(0);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/^error: .* is in use by process \d+; .*\n$/);

    platform.process.kill('SIGINT');
    expect(await platform.finished).toMatchObject({ code: 0, signal: null });
    expect(processesOf(folder)).toEqual([]);
    expect(await tsdb(['plan'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no database'),
    });
  });
});

describe('up --live', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => removeFolder(folder));
  const live = ['up', '--port', '0', '--live', '--days', '1', '--sensors', '2', '--interval', '1'];
  const readings = async (): Promise<number> => {
    const count = 'SELECT count(*)::int AS readings FROM public.sensor_data';
    const [row] = await select<{ readings: number }>(runningServer(folder) ?? '', count);
    return row?.readings ?? 0;
  };

  it('keeps readings coming, and the next start writes those that are missing', async () => {
    const env = { ...NPM_SERVER, TSDB_DATA: folder };
    const first = startTsdb(live, { env });
    await first.says(/Ctrl-C stops everything/);
    const before = await readings();
    await waitFor('two more readings', async () => (await readings()) >= before + 2);
    first.process.kill('SIGINT');
    expect(await first.finished).toMatchObject({ code: 0 });

    const second = startTsdb(live, { env });
    await second.says(/live readings: \d+ readings added for the time since the last start/);
    await second.says(/Ctrl-C stops everything/);
    const gaps = `SELECT FROM (SELECT time - lag(time) OVER (PARTITION BY sensor_id ORDER BY time) AS step FROM public.sensor_data) s
                   WHERE step <> interval '1 second'`;
    expect(await select(runningServer(folder) ?? '', gaps)).toEqual([]);
    second.process.kill('SIGINT');
    expect(await second.finished).toMatchObject({ code: 0 });
    expect(processesOf(folder)).toEqual([]);
  });
});

async function servesOnce(env: Record<string, string>): Promise<Finished> {
  const api = startTsdb(['serve', '--port', '0'], { env: { ...env, PORT: '1', LOG_LEVEL: 'silent' } });
  const [, url] = await api.says(/page and API: (\S+)/);
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  api.process.kill('SIGINT');
  return api.finished;
}

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'up with DATABASE_URL, on %s',
  (_, server) => {
    let database: TestDatabase;
    const once = (...args: readonly string[]): Promise<Finished> =>
      tsdb(['up', '--once', '--port', '0', ...args], { DATABASE_URL: database.url });
    beforeAll(async () => {
      database = await createTestDatabase(server);
    });
    afterAll(() => database.drop());

    it('writes no sample data unasked, and fails when there is nothing to answer with', async () => {
      const { code, stdout, stderr } = await once();
      expect(code).toBe(1);
      expect(stderr).toContain('sample data: none, because DATABASE_URL is set; add --days to write it');
      expect(stderr).toMatch(/^error: GET \/api\/sensors answered 200: no sensors; .*--days/m);
      expect(stdout).not.toContain('checked');
      expect(await select(database.url, 'SELECT FROM public.sensor_data LIMIT 1')).toEqual([]);
    });

    it('writes it when asked to', async () => {
      expect(await once(...SMALL)).toMatchObject({ code: 0 });
      expect(await select(database.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')).toEqual([
        { rows: 2 * READINGS_OF_A_SENSOR },
      ]);
      expect(await select(database.url, 'SELECT FROM tsdb.pending_refresh')).toEqual([]);
    });

    it('takes the address in parts as well', async () => {
      const { hostname, port, username, password, pathname } = new URL(database.url);
      const env = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: pathname.slice(1) };
      const result = await tsdb(['up', '--once', '--port', '0'], { ...env, PGPASSWORD: password });
      expect(result).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('there are readings already'),
      });
    });

    it('refuses a hazard by name, and takes it when it is allowed', async () => {
      await execute(database.url, 'DROP INDEX public.sensor_data_sensor_id_time_idx');
      const refused = await once();
      expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' });
      expect(refused.stderr).toContain('add --allow blocks-writes');
      expect(await once('--allow', 'blocks-writes')).toMatchObject({ code: 0 });
    });
  },
);
