// Backups: what is in them, what they remove, and what stays when they are interrupted.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { waitFor } from '../../db/local/testing/wait';
import { select } from '../../db/testing/apply';
import { processesOf, startTsdb } from '../testing/command-line';
import { programFolder } from '../testing/dump-servers';
import { describeDumps, fakePrograms, type Plant, SEEDED, startPlant } from '../testing/plant';
import type { BackupReport } from './backup';

describeDumps('backup', (engine) => {
  let plant: Plant;
  let dump: string;
  beforeAll(async () => {
    plant = await startPlant(engine);
  });
  afterAll(() => plant.stop());

  it('writes a dump that only its owner may read, and a manifest that is true', async () => {
    const { code, stdout, stderr } = await plant.run(
      'backup',
      '--out',
      join(plant.place, 'backups'),
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as BackupReport;
    dump = report.dump;
    const { manifest } = report;
    expect(readdirSync(join(plant.place, 'backups')).sort()).toEqual(
      [manifest.file, manifest.file.replace('.dump', '.json')].sort(),
    );
    expect(JSON.parse(readFileSync(dump.replace(/dump$/, 'json'), 'utf8'))).toEqual(manifest);
    expect(statSync(dump).mode & 0o777).toBe(0o600);
    expect(manifest).toMatchObject({ engine, bytes: statSync(dump).size, version: 1 });
    expect(manifest.rows).toMatchObject({
      'public.sensor_data': SEEDED.readings,
      'market.stock_prices': SEEDED.prices,
    });
    const [hours] = await select<{ n: number }>(
      plant.database.url,
      `SELECT count(DISTINCT (date_trunc('hour', time), sensor_id))::int AS n FROM public.sensor_data`,
    );
    expect(manifest.rows['public.sensor_data_hourly']).toBe(hours?.n);
  });

  it('removes old backups of this database only, and never the new one', async () => {
    const folder = join(plant.place, 'old');
    mkdirSync(folder);
    const manifest = JSON.parse(readFileSync(dump.replace(/dump$/, 'json'), 'utf8')) as {
      database: string;
    };
    const fake = (name: string, of: string): void => {
      writeFileSync(join(folder, `${name}.dump`), 'x');
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...manifest, database: of }));
    };
    const recent = new Date(Date.now() - 86_400_000).toISOString().replace(/[-:]|\.\d+/g, '');
    fake('tsdb-a-20200101T000000Z', manifest.database);
    fake('tsdb-b-20200101T000000Z', 'other');
    fake(`tsdb-a-${recent}`, manifest.database);
    writeFileSync(join(folder, 'tsdb-c-20200101T000000Z.dump'), 'of somebody else');
    writeFileSync(join(folder, 'tsdb-c-20200102T000000Z.dump.partial'), 'left by a killed one');
    const { code, stdout } = await plant.run('backup', '--out', folder, '--keep-days', '2', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as BackupReport;
    expect(report.removed).toEqual(['tsdb-a-20200101T000000Z.dump']);
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith('.dump'))
        .sort(),
    ).toEqual(
      [
        `tsdb-a-${recent}.dump`,
        'tsdb-b-20200101T000000Z.dump',
        'tsdb-c-20200101T000000Z.dump',
        report.manifest.file,
      ].sort(),
    );
    expect(readdirSync(folder).filter((name) => /partial|lock/.test(name))).toEqual([]);
  });

  it('leaves nothing behind on SIGTERM, and lets nobody else write meanwhile', async () => {
    const folder = join(plant.place, 'stopped');
    const holder = new Client({ connectionString: plant.database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE public.sensor_data IN ACCESS EXCLUSIVE MODE');
    try {
      const backup = startTsdb(['backup', '--out', folder], { env: plant.env });
      const isBegun = (): boolean =>
        existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.partial'));
      await waitFor('an unfinished dump', isBegun);
      await waitFor('pg_dump beside its command', () => processesOf(folder).length > 1);
      const second = await plant.run('backup', '--out', folder);
      expect(second).toMatchObject({ code: 3, stderr: expect.stringContaining('is writing a backup') });
      backup.process.kill('SIGTERM');
      expect(await backup.finished).toMatchObject({ code: 130, stdout: '', stderr: 'interrupted\n' });
      expect(readdirSync(folder)).toEqual([]);
      expect(processesOf(folder)).toEqual([]);
    } finally {
      await holder.end();
    }
  });

  it('hands the password over in the environment only', async () => {
    const told = join(plant.place, 'told');
    const programs = fakePrograms(plant.place, 'telling', {
      pg_dump: `{ echo "$@"; echo "password $PGPASSWORD"; } > ${told}; exec ${programFolder}/pg_dump "$@"`,
      pg_restore: `exec ${programFolder}/pg_restore "$@"`,
    });
    const { password } = new URL(plant.database.url);
    const folder = join(plant.place, 'told-backups');
    expect(await plant.runWith({ TSDB_PG_BIN: programs }, 'backup', '--out', folder)).toMatchObject({
      code: 0,
    });
    const [args, secret] = readFileSync(told, 'utf8').split('\n');
    expect(secret).toBe(`password ${password}`);
    expect(args).not.toContain(password);
  });

  it.each([
    [
      'none',
      {},
      (major: number) =>
        `has no pg_dump, and pg_dump ${major} or newer is needed; install .*postgresql-client-${major}.*TSDB_PG_BIN`,
    ],
    [
      'old',
      { pg_dump: '', version: '14.3' },
      (major: number) => `pg_dump is version 14\\.3, and pg_dump ${major} or newer is needed`,
    ],
  ])('says the way out when there is %s', async (kind, scripts, messageFor) => {
    const [server] = await select<{ major: number }>(
      plant.database.url,
      `SELECT current_setting('server_version_num')::int / 10000 AS major`,
    );
    const message = new RegExp(messageFor(server?.major ?? 0));
    const programs = fakePrograms(plant.place, kind, scripts);
    const folder = join(plant.place, `by-${kind}`);
    const { code, stderr } = await plant.runWith({ TSDB_PG_BIN: programs }, 'backup', '--out', folder);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual([]);
  });
});
