// Exports as Parquet, on every engine, read back by another library; texts of every kind in all formats.
import { readdirSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { testServers } from '../../db/local/test-servers';
import { select } from '../../db/testing/apply';
import { type ExportPlant, startExportPlant, TEXTS } from './testing/export-plant';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (_engine, server) => {
  let plant: ExportPlant;
  beforeAll(async () => {
    plant = await startExportPlant(server);
  });
  afterAll(() => plant.stop());

  it('writes texts of every kind into every format', async () => {
    const own = `SELECT * FROM (VALUES ${TEXTS.map((value, at) => `(${at}, ${value})`).join(',')}) t (at, value) ORDER BY at`;
    const expected = await select<{ value: string | null }>(plant.url, own);
    const csv = parse(await plant.text(own, '--sql', '--format', 'csv'), {
      columns: true,
      cast: (value, { quoting, column }) =>
        column === 'at' ? Number(value) : value === '' && !quoting ? null : value,
    });
    expect(csv).toEqual(expected);
    expect(await plant.lines(own, '--sql')).toEqual(expected);
    expect((await plant.parquet('texts.parquet', own, '--sql')).rows).toEqual(expected);
  });

  it('writes Parquet with types, read back by another reader', async () => {
    const { columns, rows } = await plant.parquet('telemetry.parquet', 'metrics.device_telemetry');
    expect(columns).toEqual([
      'time INT64 TIMESTAMP_MICROS',
      'device_id BYTE_ARRAY UTF8',
      'cpu_usage DOUBLE',
      'memory_usage DOUBLE',
      'disk_usage DOUBLE',
      'network_rx INT64',
      'network_tx INT64',
      'location BYTE_ARRAY UTF8',
      'metadata BYTE_ARRAY JSON',
    ]);
    const [expected] = await select<{ at: string }>(
      plant.url,
      `SELECT (extract(epoch FROM min(time)) * 1000000)::bigint::text AS at FROM metrics.device_telemetry`,
    );
    expect(rows[0]).toMatchObject({
      time: expected?.at,
      device_id: '00000000-0000-4000-8000-000000000001',
      cpu_usage: 'NaN',
      memory_usage: '-0',
      disk_usage: null,
      network_rx: '9007199254740993',
      network_tx: '-9223372036854775808',
      location: '(1.5,-2)',
    });
    expect(rows[2]).toMatchObject({ cpu_usage: 'Infinity', location: null, metadata: '[]' });
    // As the database writes it: a reader that made numbers of it would round.
    expect(rows[0]?.metadata).toContain('12345678901234567890');
    expect(rows).toHaveLength(4);
  });

  it('writes Parquet of no rows, of small types, and in several row groups', async () => {
    const none = await plant.parquet('none.parquet', 'sensor_data', '--to', '2020-01-01');
    expect(none).toMatchObject({ groups: [], rows: [] });
    expect(none.columns[0]).toBe('time INT64 TIMESTAMP_MICROS');
    const small = `SELECT true AS b, 7::smallint AS s, 1.5::real AS r, date '2024-02-29' AS d, 12345678901234567890.5 AS n`;
    const { columns, rows } = await plant.parquet('small.parquet', small, '--sql');
    expect(columns).toEqual(['b BOOLEAN', 's INT32', 'r FLOAT', 'd INT32 DATE', 'n BYTE_ARRAY UTF8']);
    expect(rows).toEqual([
      { b: true, s: 7, r: 1.5, d: '2024-02-29T00:00:00.000Z', n: '12345678901234567890.5' },
    ]);
    const many = await plant.parquet('many.parquet', 'SELECT n FROM generate_series(1, 110000) n', '--sql');
    // A group ends where the bytes of its values, and what the language needs for each, come to four million.
    expect(many.groups).toEqual([108_187, 1_813]);
    expect(many.rows.map(({ n }) => n)).toEqual(Array.from({ length: 110_000 }, (_, at) => at + 1));
  });

  it('refuses infinite times in Parquet and leaves nothing', async () => {
    const { code, stderr } = await plant.run(
      `SELECT timestamptz 'infinity' AS t`,
      '--sql',
      '--out',
      plant.path('i.parquet'),
    );
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stderr).toMatch(/column t has the time infinity, which Parquet cannot hold/);
    expect(readdirSync(plant.folder).filter((name) => name.includes('i.parquet'))).toEqual([]);
  });
});
