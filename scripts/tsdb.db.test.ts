// The commands that change and watch a database, on every engine; some of them as processes of their own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, testServers } from '../db/local/test-servers';
import { itUnless } from '../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../db/local/testing/places';
import type { Plan } from '../db/model';
import { execute, select } from '../db/testing/apply';
import { type CommandHost, startHost } from './testing/command-host';
import { type Finished, tsdb } from './testing/command-line';

const INDEX = 'sensor_data_sensor_id_time_idx';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let folder: string;
  let host: CommandHost;
  let run: (...args: readonly string[]) => Promise<Finished>;
  const relations = async (): Promise<number> => {
    const rows = await select(
      database.url,
      `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace OR relname = 'journal'`,
    );
    return rows.length;
  };

  beforeAll(() => {
    folder = temporaryFolder();
    host = startHost();
  });
  afterAll(async () => {
    await host.stop();
    removeFolder(folder);
  });

  describe('an empty database', () => {
    beforeAll(async () => {
      database = await createTestDatabase(server);
      run = (...args) => host.run(args, { DATABASE_URL: database.url });
    });
    afterAll(() => database.drop());

    it('is planned: engine, what is emulated or unavailable, and every step', async () => {
      const { code, stdout } = await run('plan');
      expect(code).toBe(0);
      expect(stdout).toContain(
        { timescaledb: 'TimescaleDB 2.', postgres: 'without TimescaleDB Community', citus: 'Citus ' }[engine],
      );
      expect(/unavailable/.test(stdout)).toBe(engine === 'postgres');
      expect(/emulated {2}/.test(stdout)).toBe(engine !== 'timescaledb');
      expect(stdout).toMatch(
        /public\.sensor_data_hourly\n {2}\+ continuous aggregate of public\.sensor_data/,
      );
      expect(stdout).toMatch(/\d+ steps: \d+ to create, 0 to change, 0 to drop, \d+ to run/);
    });

    it('gives the plan as one JSON document and exit code 2 when asked for', async () => {
      const { code, stdout, stderr } = await run('plan', '--json', '--detailed-exitcode');
      expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
      const plan = JSON.parse(stdout) as Plan;
      expect(plan.server.engine).toBe(engine);
      expect(plan.steps.map((step) => step.id)).toContain('create-hypertable:public.sensor_data');
    });

    it('is not changed without --yes where nobody can be asked', async () => {
      const before = await relations();
      const { code, stdout, stderr } = await tsdb(['apply'], { DATABASE_URL: database.url });
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(
        /nothing was changed, because there is no terminal to ask for confirmation.*--yes/,
      );
      expect(await relations()).toBe(before);
    });

    it('says what is missing when a command needs the schema', async () => {
      const { code, stdout, stderr } = await run('keys', 'list');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^error: the database says: .*SQLSTATE.*"npm run tsdb -- plan" shows what is missing\n$/,
      );
      expect(await run('refresh')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `error: continuous aggregate public.sensor_data_hourly does not exist; run "npm run tsdb -- apply"\n`,
      });
    });
  });

  describe('a database through its life', () => {
    beforeAll(async () => {
      database = await createTestDatabase(server);
      run = (...args) => host.run(args, { DATABASE_URL: database.url });
    });
    afterAll(() => database.drop());

    it('is applied from a saved plan, which is stale the second time', async () => {
      const file = join(folder, `${engine}.json`);
      expect((await run('plan', '--out', file)).stderr).toContain(`"npm run tsdb -- apply ${file}"`);
      const saved = JSON.parse(readFileSync(file, 'utf8')) as Plan;
      const first = await run('apply', file, '--yes', '--json');
      expect(first.code).toBe(0);
      expect(JSON.parse(first.stdout)).toMatchObject({
        applied: saved.steps.map((step) => step.id),
        fingerprint: saved.fingerprint,
        inSync: true,
      });
      const second = await run('apply', file, '--yes');
      expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 3, stdout: '' });
      expect(second.stderr).toContain('the saved plan is stale');
    });

    it('has nothing to do the second time', async () => {
      const env = { DATABASE_URL: database.url };
      const [apply, plan] = await Promise.all([
        tsdb(['apply'], env),
        tsdb(['plan', '--detailed-exitcode'], env),
      ]);
      expect(apply).toMatchObject({ code: 0, stdout: 'In sync: nothing to do.\n', stderr: '' });
      expect(plan).toMatchObject({ code: 0, stderr: '' });
      expect(plan.stdout).toContain('In sync: the database is as declared.');
    });

    it('is seeded, and a second time writes nothing twice', async () => {
      const end = new Date(Math.floor(Date.now() / 600_000) * 600_000).toISOString();
      const flags = [
        'seed',
        '--days',
        '2',
        '--sensors',
        '3',
        '--interval',
        '600',
        '--gaps',
        '0',
        '--to',
        end,
      ];
      const count = 2 * 3 * 144;
      expect(await run(...flags)).toMatchObject({ code: 0, stdout: `${count} readings written\n` });
      expect(await run(...flags)).toMatchObject({ code: 0, stdout: '0 readings written\n' });
      const other = await run('seed', '--sensors', '4');
      expect(other).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('--sensors') });
      expect(await select(database.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')).toEqual([
        { rows: count },
      ]);
    });

    it('refreshes one aggregate or all, sources first', async () => {
      const all = await run('refresh', '--json');
      expect(all.code).toBe(0);
      const names = (JSON.parse(all.stdout) as { aggregate: string }[]).map(({ aggregate }) => aggregate);
      expect(names.indexOf('public.sensor_data_hourly')).toBeLessThan(
        names.indexOf('public.sensor_data_daily'),
      );
      const from = new Date(Date.now() - 86_400_000).toISOString();
      const one = await run('refresh', 'sensor_data_hourly', '--from', from);
      expect(one).toMatchObject({ code: 0, stdout: '1 aggregate refreshed\n' });
      expect(one.stderr).toMatch(/^public\.sensor_data_hourly: refreshed from .* to .* in \d+ ms\n$/);
    });

    it('runs the jobs and is healthy', async () => {
      const jobs = await run('jobs', 'run', '--json');
      expect(jobs.code).toBe(0);
      if (engine === 'timescaledb') expect(jobs.stderr).toContain('TimescaleDB runs its jobs by itself');
      else
        expect(JSON.parse(jobs.stdout)).toContainEqual(
          expect.objectContaining({ job: 'chunks of public.sensor_data' }),
        );
      const [text, json] = await Promise.all([run('status'), run('status', '--json')]);
      expect(text).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('schema: in sync') });
      const status = JSON.parse(json.stdout) as { jobs: { state: string }[]; aggregates: unknown[] };
      const states = new Set(status.jobs.map(({ state }) => state));
      // TimescaleDB runs them when it pleases.
      expect([...states].filter((state) => engine !== 'timescaledb' || state !== 'not-run-yet')).toEqual(
        states.has('ok') || engine !== 'timescaledb' ? ['ok'] : [],
      );
      expect(status.aggregates).toHaveLength(4);
    });

    it('refuses a hazard by name, and takes it when it is allowed', async () => {
      await execute(database.url, `DROP INDEX public.${INDEX}`);
      expect((await run('status')).code).toBe(2);
      const refused = await run('apply', '--yes');
      expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' });
      expect(refused.stderr).toMatch(/create-index:.*: blocks-writes: .*\n.*add --allow blocks-writes\n$/);
      const allowed = await run('apply', '--yes', '--allow', 'deletes-data, blocks-writes');
      expect(allowed).toMatchObject({ code: 0, stdout: 'In sync: 1 step applied.\n' });
      expect(await select(database.url, `SELECT FROM pg_class WHERE relname = '${INDEX}'`)).toHaveLength(1);
    });

    itUnless(engine !== 'timescaledb' ? undefined : 'TimescaleDB writes the state of its jobs itself')(
      'shows a failing job in the status',
      async () => {
        await execute(database.url, `UPDATE tsdb.job SET last_error = 'disk is full' WHERE kind = 'chunks'`);
        const { code, stdout } = await run('status');
        expect(code).toBe(2);
        expect(stdout).toMatch(/chunks of public\.sensor_data +failing .*disk is full/);
      },
    );
  });

  it('plans what cannot be repaired as refused, with exit code 3, and does not apply it', async () => {
    const taken = await createTestDatabase(server);
    await execute(taken.url, 'CREATE TABLE public.sensor_data (time timestamptz NOT NULL)');
    const env = { DATABASE_URL: taken.url };
    const [plan, apply] = await Promise.all([
      tsdb(['plan', '--detailed-exitcode'], env),
      tsdb(['apply', '--yes'], env),
    ]);
    expect(plan.code).toBe(3);
    expect(plan.stdout).toMatch(/! public\.sensor_data is a plain table.*\n +why: .*\n +way out: /);
    expect({ code: apply.code, stdout: apply.stdout }).toEqual({ code: 3, stdout: '' });
    expect(apply.stderr).toMatch(/^error: nothing was changed: 1 difference cannot be repaired safely\n/);
    await taken.drop();
  });
});
