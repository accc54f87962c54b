// Restoring: everything comes back and works, and what cannot be restored changes nothing.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestServer, testServers, withJobs } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { describeDumps, type Plant, SEEDED, startPlant } from '../testing/plant';
import type { BackupReport } from './backup';
import type { RestoreReport } from './restore';

const TABLES = ['public.sensor_data', 'market.stock_prices'];
const AGGREGATES = ['public.sensor_data_hourly', 'public.sensor_data_daily', 'public.peak_hours'];

describeDumps('restore', (engine) => {
  let plant: Plant;
  let dump: string;
  beforeAll(async () => {
    plant = await startPlant(engine);
    const { stdout } = await plant.run('backup', '--out', join(plant.place, 'backups'), '--json');
    dump = (JSON.parse(stdout) as BackupReport).dump;
  });
  afterAll(() => plant.stop());

  it('restores all of it into a new database, which is in sync and works', async () => {
    const name = plant.newName();
    const { code, stdout, stderr } = await plant.run('restore', dump, '--into', name, '--yes', '--json');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/into a new database \S+\n$/),
    });
    expect(JSON.parse(stdout) as RestoreReport).toMatchObject({
      complete: true,
      inSync: true,
      differences: 0,
    });
    for (const relation of [...TABLES, ...AGGREGATES, ...plainTables(engine)])
      expect([relation, await digest(plant.at(name), relation)]).toEqual([
        relation,
        await digest(plant.database.url, relation),
      ]);
    if (engine === 'timescaledb') {
      const [compressed] = await select<{ n: number }>(plant.at(name), COMPRESSED);
      expect(compressed).toEqual((await select(plant.database.url, COMPRESSED))[0]);
      expect(compressed?.n).toBeGreaterThan(3);
    }
    const there = { DATABASE_URL: plant.at(name) };
    expect(await plant.runWith(there, 'plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
    expect(await plant.runWith(there, 'jobs', 'run')).toMatchObject({ code: 0 });
    // The memory of spellings came along, and what differs from the declaration is found all the same.
    expect(await select(plant.at(name), SPELLINGS)).toEqual(await select(plant.database.url, SPELLINGS));
    await execute(plant.at(name), 'ALTER TABLE public.sensor_data ALTER COLUMN temperature SET DEFAULT 7');
    expect(await plant.runWith(there, 'plan', '--detailed-exitcode')).toMatchObject({ code: 2 });
    await execute(plant.at(name), 'ALTER TABLE public.sensor_data ALTER COLUMN temperature DROP DEFAULT');
    // Numbers of rows that come later must not be taken already; and nothing that is written may be invisible.
    await execute(
      plant.at(name),
      `INSERT INTO tsdb.journal (run, step, statements) VALUES (gen_random_uuid(), 'test', '{}')`,
      `INSERT INTO public.sensor_data (time, sensor_id, temperature) VALUES (now(), 'after', 1)`,
    );
    expect(
      await select(plant.at(name), `SELECT temperature FROM public.sensor_data WHERE sensor_id = 'after'`),
    ).toEqual([{ temperature: 1 }]);
  });

  it('refuses a database that holds something, and changes nothing in it', async () => {
    const before = await digest(plant.database.url, 'public.sensor_data');
    const { code, stdout, stderr } = await plant.run('restore', dump, '--yes');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/nothing was changed: database \S+ is not empty.*--into NAME\n$/);
    expect(await digest(plant.database.url, 'public.sensor_data')).toBe(before);
  });

  if (engine === 'timescaledb')
    it('starts the jobs of TimescaleDB only when the database has its name', async () => {
      const jobs = withJobs(testServers('timescaledb')[0] as TestServer);
      const empty = await createTestDatabase(jobs);
      const restored = await plant.runWith({ DATABASE_URL: empty.url }, 'restore', dump, '--yes');
      expect(restored).toMatchObject({ code: 0 });
      await waitFor('a run of a job', async () => (await select(empty.url, RUNS)).length > 0);
      // A job that is running is in this view, too, without a message.
      const failed = `SELECT proc_name, err_message FROM timescaledb_information.job_errors WHERE err_message IS NOT NULL`;
      expect(await select(empty.url, failed)).toEqual([]);
      await empty.drop();
    });

  it('asks for --yes where nobody can be asked', async () => {
    const name = plant.newName();
    expect(await plant.run('restore', dump, '--into', name)).toMatchObject({ code: 3, stdout: '' });
    expect(await plant.exists(name)).toBe(false);
  });

  it('refuses a damaged file, and one without its manifest, before it creates anything', async () => {
    const name = plant.newName();
    const copy = join(plant.place, 'damaged.dump');
    const bytes = readFileSync(dump);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(copy, bytes);
    const alone = await plant.run('restore', copy, '--into', name, '--yes');
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('keep both files together') });
    copyFileSync(dump.replace(/dump$/, 'json'), join(plant.place, 'damaged.json'));
    const damaged = await plant.run('restore', copy, '--into', name, '--yes');
    expect(damaged).toMatchObject({ code: 3, stderr: expect.stringContaining('damaged.dump is damaged') });
    expect(await plant.exists(name)).toBe(false);
  });

  it('says so when rows are missing', async () => {
    const name = plant.newName();
    const copy = join(plant.place, 'wrong.dump');
    copyFileSync(dump, copy);
    const manifest = readFileSync(dump.replace(/dump$/, 'json'), 'utf8');
    writeFileSync(
      join(plant.place, 'wrong.json'),
      manifest.replace(`"public.sensor_data": ${SEEDED.readings}`, '"public.sensor_data": 7'),
    );
    const { code, stdout } = await plant.run('restore', copy, '--into', name, '--yes');
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`public\\.sensor_data +7 +${SEEDED.readings}\\n`));
    expect(stdout).toContain('INCOMPLETE');
  });
});

const RUNS = `SELECT FROM timescaledb_information.job_stats WHERE job_id >= 1000 AND total_runs > 0`;
const COMPRESSED = `SELECT count(*)::int AS n FROM timescaledb_information.chunks WHERE is_compressed`;

const SPELLINGS =
  'SELECT kind, relation, conditions, checksum FROM tsdb.spelling ORDER BY kind, relation, declared';

const plainTables = (engine: string): readonly string[] =>
  engine !== 'timescaledb'
    ? ['tsdb.hypertable', 'tsdb.continuous_aggregate', 'tsdb.journal']
    : ['tsdb.journal'];

/** Of all rows in an order of their own; without averages, whose last digit depends on the order of additions. */
async function digest(url: string, relation: string): Promise<string> {
  const [row] = await select<{ digest: string }>(
    url,
    `SELECT count(*) || ' ' || md5(string_agg(line, E'\\n' ORDER BY line)) AS digest FROM (
       SELECT (to_jsonb(t) - (SELECT coalesce(array_agg(k), '{}') FROM jsonb_object_keys(to_jsonb(t)) k WHERE k ~ '^(avg|sum)'))::text AS line
         FROM ${relation} t) lines`,
  );
  return row?.digest ?? '';
}
