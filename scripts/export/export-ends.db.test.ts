// How exports end, on every engine: whole or not at all, interrupted, without a reader, from one moment, in little memory.
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { startTsdb } from '../testing/command-line';
import { day, type ExportPlant, startExportPlant } from './testing/export-plant';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (_engine, server) => {
  let plant: ExportPlant;
  beforeAll(async () => {
    plant = await startExportPlant(server);
  });
  afterAll(() => plant.stop());

  it('does not replace a file without --force, and no folder ever', async () => {
    writeFileSync(plant.path('mine.csv'), 'mine');
    const refused = await plant.run('sensor_data', '--out', plant.path('mine.csv'));
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/mine\.csv exists already; .*--force/);
    expect(readFileSync(plant.path('mine.csv'), 'utf8')).toBe('mine');
    expect((await plant.run('sensor_data', '--out', plant.path('mine.csv'), '--force')).code).toBe(0);
    expect(readFileSync(plant.path('mine.csv'), 'utf8')).toMatch(/^time,sensor_id/);
    expect((await plant.run('sensor_data', '--out', plant.folder, '--format', 'csv', '--force')).code).toBe(
      1,
    );
    expect((await plant.run('sensor_data', '--out', plant.path('no/where.csv'))).stderr).toContain(
      'there is no folder',
    );
    expect((await plant.run('nothing', '--out', plant.path('n.csv'))).stderr).toMatch(
      /neither a declared hypertable nor an aggregate; choose from/,
    );
    expect((await plant.run('sensor_data', '--out', '-', '--format', 'csv', '--json')).code).toBe(1);
  });

  it('keeps the file that is there when the export fails in the middle', async () => {
    writeFileSync(plant.path('kept.csv'), 'kept');
    const failing = 'SELECT 1 / (20000 - n) AS x FROM generate_series(1, 30000) n';
    const { code, stderr } = await plant.run(failing, '--sql', '--out', plant.path('kept.csv'), '--force');
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain('division by zero');
    expect(readFileSync(plant.path('kept.csv'), 'utf8')).toBe('kept');
    expect(readdirSync(plant.folder).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves nothing after %s, neither here nor on the server',
    async (signal) => {
      const mark = `interrupted_${signal.toLowerCase()}`;
      // Rows come, but never end.
      const endless = `SELECT generate_series(1, 100000000) AS ${mark}, pg_sleep(0.0005)::text`;
      const command = startTsdb(['export', endless, '--sql', '--out', plant.path(`${mark}.csv`)], {
        env: plant.env,
      });
      const isUnfinished = (name: string): boolean => name.includes(mark) && name.endsWith('.unfinished');
      const begun = (): boolean =>
        readdirSync(plant.folder).some((name) => isUnfinished(name) && statSync(plant.path(name)).size > 0);
      await waitFor('the file of the export grows', begun);
      command.process.kill(signal);
      const { code, stderr } = await command.finished;
      expect({ code, stderr }).toEqual({ code: 130, stderr: 'interrupted\n' });
      expect(readdirSync(plant.folder).filter((name) => name.includes(mark))).toEqual([]);
      const running = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^FETCH' AND state <> 'idle'`;
      await waitFor('the query of the export has ended', async () => {
        return (await select(plant.url, running)).length === 0;
      });
    },
  );

  it('ends quietly when its reader goes away', async () => {
    const many = 'SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 500000) n';
    const command = startTsdb(['export', many, '--sql', '--out', '-', '--format', 'csv'], {
      env: plant.env,
    });
    if (!command.process.stdout) throw new Error('no pipe');
    await once(command.process.stdout, 'data');
    command.process.stdout.destroy();
    const { code, stderr } = await command.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('shows one moment: rows that come meanwhile are not in it', async () => {
    // The count depends on the row, so that it is made again for each of them.
    const slow = `SELECT (SELECT count(*) FROM sensor_data WHERE n > 0) AS seen, pg_sleep(CASE WHEN n < 400 THEN 0.005 ELSE 0 END)::text AS s FROM generate_series(1, 400) n`;
    const command = startTsdb(['export', slow, '--sql', '--out', '-', '--format', 'ndjson'], {
      env: plant.env,
    });
    await command.says(/seen/);
    await execute(plant.url, `INSERT INTO public.sensor_data VALUES ('${day()} 06:00:00Z', 'late', 1, 1, 1)`);
    const { stdout } = await command.finished;
    await execute(plant.url, `DELETE FROM public.sensor_data WHERE sensor_id = 'late'`);
    expect(new Set(stdout.match(/"seen":\d+/g))).toEqual(new Set(['"seen":1080']));
  });

  it.each(['csv', 'parquet'])('needs no more memory for more rows: %s', async (format) => {
    // A heap that holds a part of the rows only: an export that kept them would end with an error.
    const env = { ...plant.env, NODE_OPTIONS: '--max-old-space-size=48' };
    const wide =
      'SELECT n, md5(n::text) AS a, repeat(md5(n::text), 20) AS b FROM generate_series(1, 120000) n';
    const { code, stderr } = await startTsdb(
      ['export', wide, '--sql', '--out', plant.path(`wide.${format}`)],
      { env },
    ).finished;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^120000 rows in \d+ bytes/),
    });
  });
});
