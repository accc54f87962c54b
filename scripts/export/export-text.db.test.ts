// Exports as CSV and NDJSON, on every engine: each file holds what a query of the test's own gives.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { testServers } from '../../db/local/test-servers';
import { execute, select } from '../../db/testing/apply';
import { day, type ExportPlant, iso, startExportPlant } from './testing/export-plant';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let plant: ExportPlant;
  beforeAll(async () => {
    plant = await startExportPlant(server);
  });
  afterAll(() => plant.stop());

  it('writes CSV with microseconds, all digits, NaN, JSON and points as the database has them', async () => {
    const rows = await select(
      plant.url,
      `SELECT ${iso('time')} AS time, device_id::text, cpu_usage::text, memory_usage::text, disk_usage::text, network_rx::text, network_tx::text,
              location::text, metadata::text FROM metrics.device_telemetry t ORDER BY t.time, t.device_id, location::text, metadata`,
    );
    const records = parse(await plant.text('metrics.device_telemetry', '--format', 'csv'), {
      columns: true,
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    });
    expect(records).toEqual(rows);
    expect(rows).toHaveLength(4);
  });

  it('gives the same bytes after an import into an empty table', async () => {
    const telemetry = 'metrics.device_telemetry';
    // What no door takes any more is refused by name, and replaced for the round trip.
    for (const [table, why] of [
      [telemetry, 'cpu_usage must be a finite number, got NaN; nothing was imported. 4 rows are refused'],
      ['metrics.metrics', 'metric_name names a series, so it must not be empty or blank'],
    ] as const) {
      const file = plant.path(`${table}.dangerous.csv`);
      expect((await plant.run(table, '--out', file)).code).toBe(0);
      const { code, stderr } = await plant.command('import', file, '--table', table, '--again');
      expect([code, stderr]).toEqual([1, expect.stringContaining(`line 2, ${why}`)]);
    }
    await execute(
      plant.url,
      `CREATE TABLE public.kept AS TABLE ${telemetry}`,
      `UPDATE ${telemetry} SET cpu_usage = 1e140`,
      `UPDATE ${telemetry} SET memory_usage = 1e-290 WHERE memory_usage <> 0`,
      `UPDATE metrics.metrics SET metric_name = 'named' WHERE metric_name = ''`,
    );
    for (const table of ['metrics.device_telemetry', 'metrics.metrics', 'market.stock_prices']) {
      const [first, second] = [plant.path(`${table}.csv`), plant.path(`${table}.again.csv`)];
      expect((await plant.run(table, '--out', first)).code).toBe(0);
      await execute(plant.url, `DELETE FROM ${table}`);
      const imported = await plant.command('import', first, '--table', table, '--allow-expired');
      expect([imported.code, imported.code === 0 ? '' : imported.stderr]).toEqual([0, '']);
      expect((await plant.run(table, '--out', second)).code).toBe(0);
      expect(readFileSync(second, 'utf8')).toBe(readFileSync(first, 'utf8'));
      expect(readFileSync(first, 'utf8').split('\n').length).toBeGreaterThan(4);
    }
    await execute(
      plant.url,
      `DELETE FROM ${telemetry}`,
      `INSERT INTO ${telemetry} SELECT * FROM public.kept`,
      `UPDATE metrics.metrics SET metric_name = '' WHERE metric_name = 'named'`,
      'DROP TABLE public.kept',
    );
  });

  it('writes NDJSON without losing what a JSON number cannot hold', async () => {
    const [first, , third] = await plant.lines('metrics.device_telemetry');
    expect(first).toMatchObject({
      time: `${day()}T00:00:00.000001Z`,
      device_id: '00000000-0000-4000-8000-000000000001',
      cpu_usage: 'NaN',
      disk_usage: null,
      network_rx: '9007199254740993',
      network_tx: '-9223372036854775808',
      location: '(1.5,-2)',
      metadata: { a: [1, null, 'x"y'] },
    });
    expect(third).toMatchObject({ cpu_usage: 'Infinity', memory_usage: '-Infinity', network_rx: 5 });
    expect(await plant.text('metrics.device_telemetry', '--format', 'ndjson')).toContain(
      '12345678901234567890',
    );
  });

  it('writes all rows of a table with hash partitions, in order', async () => {
    const rows = await select(
      plant.url,
      `SELECT ${iso('time')} AS time, symbol, volume::int FROM market.stock_prices t ORDER BY t.time, symbol`,
    );
    expect(rows).toHaveLength(193 * 6);
    expect(await plant.lines('market.stock_prices', '--columns', 'time,symbol,volume')).toEqual(rows);
  });

  if (engine === 'timescaledb')
    it('reads compressed chunks', async () => {
      const before = await plant.text('sensor_data', '--format', 'csv');
      await execute(
        plant.url,
        `SELECT public.compress_chunk(c, if_not_compressed => true) FROM public.show_chunks('public.sensor_data') c`,
      );
      const [state] = await select(
        plant.url,
        `SELECT bool_and(is_compressed) AS compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'sensor_data'`,
      );
      expect(state).toEqual({ compressed: true });
      expect(await plant.text('sensor_data', '--format', 'csv')).toBe(before);
      expect(before.split('\n')).toHaveLength(360 * 3 + 2);
    });

  it('compresses, and says so in its summary', async () => {
    const plain = await plant.text('sensor_data', '--format', 'csv');
    const { code, stdout, stderr } = await plant.run(
      'sensor_data',
      '--out',
      plant.path('s.csv.gz'),
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const packed = readFileSync(plant.path('s.csv.gz'));
    expect(gunzipSync(packed).toString()).toBe(plain);
    expect(JSON.parse(stdout)).toEqual({
      file: plant.path('s.csv.gz'),
      format: 'csv',
      gzip: true,
      source: 'sensor_data',
      bucket: null,
      keptSince: null,
      rows: 1_080,
      bytes: packed.length,
      seconds: expect.any(Number),
    });
  });
});
