// What an export reads: ranges, conditions, aggregates, buckets and queries of one's own, on every engine.
import { existsSync } from 'node:fs';
import { testServers } from '../../db/local/test-servers';
import { select } from '../../db/testing/apply';
import { day, type ExportPlant, iso, startExportPlant } from './testing/export-plant';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (_engine, server) => {
  let plant: ExportPlant;
  beforeAll(async () => {
    plant = await startExportPlant(server);
  });
  afterAll(() => plant.stop());

  it('takes the start of a range and leaves its end out, to the microsecond', async () => {
    const at = (...range: readonly string[]): Promise<unknown[]> =>
      plant.lines('metrics.device_telemetry', '--columns', 'network_rx', ...range);
    expect(await at('--from', `${day()}T00:00:00.000002Z`)).toEqual([{ network_rx: 5 }, { network_rx: 0 }]);
    expect(await at('--to', `${day()}T00:00:00.000002Z`)).toHaveLength(2);
    expect(await at('--from', `${day()}T01:00:00.000002+01:00`, '--to', `${day()}T00:00:00.000003Z`)).toEqual(
      [{ network_rx: 5 }],
    );
    const { code, stderr } = await plant.run(
      'sensor_data',
      '--from',
      day(1),
      '--to',
      day(),
      '--out',
      '-',
      '--format',
      'csv',
    );
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain('the range is empty');
  });

  it('takes conditions, whose values never become SQL', async () => {
    const where = (condition: string): Promise<unknown[]> =>
      plant.lines(
        'sensor_data',
        '--columns',
        'sensor_id',
        '--where',
        condition,
        '--where',
        'temperature<21.5',
      );
    expect(new Set((await where('sensor_id=sensor_1')).map((row) => JSON.stringify(row)))).toEqual(
      new Set(['{"sensor_id":"sensor_1"}']),
    );
    expect(await where(`sensor_id='x'' OR true --'`)).toEqual([]);
    expect(await where(`sensor_id=x'; OR-ders --`)).toEqual([]);
    // Without quotes the word OR joins conditions, and `true --` is none.
    const injected = await plant.run(
      'sensor_data',
      '--where',
      `sensor_id=x' OR true --`,
      '--out',
      plant.path('x.csv'),
    );
    expect(injected).toMatchObject({ code: 1 });
    expect(injected.stderr).toContain('compared with nothing');
    const { code, stderr } = await plant.run(
      'sensor_data',
      '--where',
      'nope=1',
      '--out',
      plant.path('w.csv'),
    );
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toMatch(/no column "nope" to compare; the columns are sensor_id/);
  });

  it('writes aggregates', async () => {
    const expected = await select(
      plant.url,
      `SELECT ${iso(`date_trunc('hour', time)`)} AS bucket, sensor_id, max(temperature) AS max_temperature, count(*)::int AS reading_count
         FROM public.sensor_data WHERE sensor_id <> 'sensor_2' GROUP BY date_trunc('hour', time), sensor_id ORDER BY 1, 2`,
    );
    expect(expected).toHaveLength(12);
    expect(
      await plant.lines(
        'sensor_data_hourly',
        '--columns',
        'bucket,sensor_id,max_temperature,reading_count',
        '--where',
        'sensor_id!=sensor_2',
      ),
    ).toEqual(expected);
  });

  it('writes figures per bucket from the cheapest source', async () => {
    const expected = await select(
      plant.url,
      `SELECT ${iso(`date_trunc('hour', time)`)} AS time, sensor_id, max(temperature) AS max_temperature, count(*)::int AS count
         FROM public.sensor_data GROUP BY date_trunc('hour', time), sensor_id ORDER BY 1, 2`,
    );
    const flags = [
      'sensor_data',
      '--bucket',
      '1h',
      '--field',
      'max(temperature),count(*)',
      '--by',
      'sensor_id',
    ];
    expect(await plant.lines(...flags)).toEqual(expected);
    const { stdout } = await plant.run(...flags, '--out', plant.path('hours.csv'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ source: 'sensor_data_hourly', rows: 18, format: 'csv' });
    const { stdout: finer } = await plant.run(
      'sensor_data',
      '--bucket',
      '30m',
      '--out',
      plant.path('half.csv'),
      '--json',
    );
    expect(JSON.parse(finer)).toMatchObject({ source: 'sensor_data', rows: 12 });
    const bad = await plant.run(
      'sensor_data',
      '--bucket',
      '1h',
      '--field',
      'avg(nope)',
      '--out',
      plant.path('bad.csv'),
    );
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('There is no column "nope"');
  });

  it('chooses a width for a range, and says what retention has taken of it', async () => {
    const asJson = async (name: string, ...flags: readonly string[]) => {
      const run = await plant.run(...flags, '--out', plant.path(name), '--json', '--force');
      return { ...run, report: run.code === 0 ? JSON.parse(run.stdout) : undefined };
    };
    const recent = new Date(Date.now() - 86_400_000).toISOString();
    const day = await asJson('day.csv', 'sensor_data', '--bucket', 'auto', '--from', recent);
    expect(day.report).toMatchObject({ bucket: '5 minutes', source: 'sensor_data', keptSince: null });
    // Raw rows are kept for 90 days and hourly figures for a year, so a year ago is to be had in hours or more.
    const halfYear = new Date(Date.now() - 182 * 86_400_000).toISOString();
    const long = await asJson('long.csv', 'sensor_data', '--bucket', 'auto', '--from', halfYear);
    expect(long.report).toMatchObject({ bucket: '6 hours', source: 'sensor_data_hourly', keptSince: null });
    const rows = await asJson('rows.csv', 'sensor_data', '--from', halfYear);
    expect(rows.report).toMatchObject({ bucket: null });
    expect(Date.now() - Date.parse(rows.report.keptSince)).toBeLessThan(91 * 86_400_000);
    expect(rows.stderr).toContain(`sensor_data has rows only since ${rows.report.keptSince}: its retention`);
    const endless = await asJson('endless.csv', 'sensor_data', '--bucket', 'auto');
    expect(endless.code).toBe(1);
    expect(endless.stderr).toContain('add --from, or give the width');
  });

  it.each([
    ['a write', `DELETE FROM sensor_data`],
    ['a write in WITH', `WITH gone AS (DELETE FROM sensor_data RETURNING 1) SELECT * FROM gone`],
    ['a function that makes', `SELECT lo_create(4711)`],
    ['leaving read only', `SELECT set_config('transaction_read_only', 'off', true)`],
    ['two statements', `SELECT 1; DELETE FROM sensor_data`],
    ['two statements, the second a commit', `SELECT 1; COMMIT; DROP TABLE sensor_data`],
  ])('refuses %s with --sql', async (_what, query) => {
    const { code, stderr } = await plant.run(query, '--sql', '--out', plant.path('sql.csv'));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^error: the database (refused the query|says): /);
    expect(existsSync(plant.path('sql.csv'))).toBe(false);
    expect(await select(plant.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')).toEqual([
      { rows: 1_080 },
    ]);
  });

  it('says what --sql takes, and that flags do not go with it', async () => {
    const write = await plant.run('DELETE FROM sensor_data', '--sql', '--out', plant.path('sql.csv'));
    expect(write).toMatchObject({ code: 3, stdout: '' });
    expect(write.stderr).toContain('takes one query that only reads');
    const range = await plant.run(
      'SELECT 1',
      '--sql',
      '--from',
      '2026-01-01',
      '--out',
      plant.path('sql.csv'),
    );
    expect(range).toMatchObject({ code: 1, stdout: '' });
    const twice = await plant.run('SELECT 1 AS a, 2 AS a', '--sql', '--out', plant.path('sql.csv'));
    expect(twice.stderr).toContain('two columns are called a');
  });
});
