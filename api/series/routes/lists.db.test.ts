// Tables, keys and newest rows on real servers.
import { testServers } from '../../../db/local/test-servers';
import { startApi } from '../../testing/api-under-test';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';

const SETS = 'iot,monitoring,apm,metrics,service';

describe.each(testServers())('lists on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: SETS, TSDB_MAX_ROWS: '20' } }));
  const get = async (path: string) => {
    const answer = await api.get(path);
    return { status: answer.statusCode, body: answer.json() };
  };

  beforeAll(async () => {
    // Ten sensors with five readings each; the newest one is known.
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT timestamptz '2026-01-01 00:00:00.000001+00' + n * interval '1 hour', 's' || lpad((n % 10)::text, 2, '0'), n, 50, NULL
         FROM generate_series(0, 49) n`,
    );
    await runSql(
      api.url,
      `INSERT INTO monitoring.sensor_data SELECT timestamptz '2026-01-01+00' + n * interval '1 minute', n % 3, n, 50, 1000,
         CASE n % 3 WHEN 0 THEN 'hall' WHEN 1 THEN 'roof' END FROM generate_series(0, 8) n`,
    );
    await runSql(
      api.url,
      `INSERT INTO metrics.device_telemetry (time, device_id, cpu_usage, location, network_rx) VALUES
         ('2026-01-01', '00000000-0000-4000-8000-00000000000a', 1, '(1,2)', 9007199254740993),
         ('2026-01-02', '00000000-0000-4000-8000-00000000000b', 2, NULL, NULL)`,
    );
  });

  it('describes a table', async () => {
    const { body } = await get('/api/tables/sensor_data');
    expect(body).toMatchObject({
      name: 'sensor_data',
      time: 'time',
      retention: '90 days',
      chunk_interval: '1 day',
      columnstore: { segment_by: ['sensor_id'], order_by: ['time desc'], after: '7 days' },
    });
    expect(body.columns[2]).toEqual({
      name: 'temperature',
      type: 'double precision',
      nullable: true,
      unit: '°C',
    });
    expect(body.aggregates.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining([
        'sensor_data_hourly',
        'sensor_data_daily',
        'sensor_data_monthly',
        'peak_hours',
      ]),
    );
    expect(body.aggregates[0]).toMatchObject({
      name: 'sensor_data_hourly',
      bucket: '1 hour',
      group_by: ['sensor_id'],
      real_time: true,
      refresh: { start_offset: '3 days', end_offset: '1 hour', every: '1 hour' },
      retention: '1 year',
    });
    // Jobs of TimescaleDB may have refreshed it already.
    expect(body.aggregates[0].watermark ?? 'never').toMatch(/^(never|\d{4}-.*:00Z)$/);
  });

  it('lists the tables', async () => {
    const { body } = await get('/api/tables');
    const names = body.tables.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['sensor_data', 'sensor_alerts', 'apm.apm_metrics', 'metrics.metrics']),
    );
    expect(body.tables[names.indexOf('sensor_data')]).toEqual((await get('/api/tables/sensor_data')).body);
    expect((await get('/api/tables/nope')).body).toMatchObject({
      status: 404,
      type: 'urn:tsdb:problem:unknown-table',
    });
    // Not a hypertable, and not for readers.
    expect((await get('/api/tables/service.api_key')).status).toBe(404);
  });

  it('pages through keys', async () => {
    const all = Array.from({ length: 10 }, (_, at) => ({ sensor_id: `s0${at}` }));
    expect((await get('/api/series/sensor_data/keys?by=sensor_id')).body).toEqual({
      table: 'sensor_data',
      by: 'sensor_id',
      count: 10,
      next: null,
      data: all,
    });
    const first = (await get('/api/series/sensor_data/keys?by=sensor_id&limit=4')).body;
    expect(first).toMatchObject({ next: 's03', data: all.slice(0, 4) });
    expect((await get('/api/series/sensor_data/keys?by=sensor_id&limit=6&after=s03')).body).toMatchObject({
      next: null,
      data: all.slice(4),
    });
  });

  it('lists keys of any type, with an index and without, without NULL', async () => {
    const values = async (table: string, by: string, more = '') =>
      (await get(`/api/series/${table}/keys?by=${by}${more}`)).body.data.map(
        (row: Record<string, unknown>) => row[by],
      );
    expect(await values('monitoring.sensor_data', 'sensor_id')).toEqual([0, 1, 2]);
    expect(await values('monitoring.sensor_data', 'sensor_id', '&after=0')).toEqual([1, 2]);
    expect(await values('monitoring.sensor_data', 'location')).toEqual(['hall', 'roof']);
    expect(
      await values('metrics.device_telemetry', 'device_id', '&after=00000000-0000-4000-8000-00000000000a'),
    ).toEqual(['00000000-0000-4000-8000-00000000000b']);
    expect(await values('apm.apm_metrics', 'endpoint')).toEqual([]);
    expect((await api.get('/api/series/sensor_data/keys?by=sensor_id&limit=2&format=csv')).body).toBe(
      'sensor_id\ns00\ns01\n',
    );
  });

  it.each([
    ['bad-field', 'keys?by=temperature'],
    ['bad-field', 'keys?by=sensor_id,sensor_id2'],
    ['bad-filter', 'keys?by=sensor_id&after=%00'],
    ['invalid-request', 'keys'],
    ['bad-field', 'latest?field=avg(temperature)'],
    ['bad-filter', 'latest?where=time=2026-01-01'],
  ])('refuses with %s: %s', async (problem, path) => {
    const { status, body } = await get(`/api/series/sensor_data/${path}`);
    expect([status, body.type]).toEqual([400, `urn:tsdb:problem:${problem}`]);
  });

  it('gives the newest row of each series', async () => {
    const { body } = await get('/api/series/sensor_data/latest?field=temperature,humidity&by=sensor_id');
    expect(body).toEqual({
      table: 'sensor_data',
      source: 'sensor_data',
      fields: [
        { name: 'temperature', of: 'temperature', unit: '°C' },
        { name: 'humidity', of: 'humidity', unit: '%' },
      ],
      by: ['sensor_id'],
      count: 10,
      data: Array.from({ length: 10 }, (_, at) => ({
        time: new Date(Date.UTC(2026, 0, 1, 40 + at)).toISOString().replace('.000Z', '.000001Z'),
        sensor_id: `s0${at}`,
        temperature: 40 + at,
        humidity: 50,
      })),
    });
  });

  it('gives the newest row that meets the conditions', async () => {
    const latest = async (parameters: string, table = 'sensor_data') =>
      (await get(`/api/series/${table}/latest?${parameters}`)).body.data;
    const temperatures = (rows: readonly { temperature: number }[]) =>
      rows.map(({ temperature }) => temperature);
    expect(temperatures(await latest('field=temperature&by=sensor_id&where=temperature<20'))).toEqual(
      Array.from({ length: 10 }, (_, at) => 10 + at),
    );
    expect(
      temperatures(await latest('field=temperature&by=sensor_id&where=sensor_id in ["s01","s07"]')),
    ).toEqual([41, 47]);
    expect(await latest('by=sensor_id&where=sensor_id=nobody')).toEqual([]);
    expect(await latest('field=temperature')).toEqual([
      { time: '2026-01-03T01:00:00.000001Z', temperature: 49 },
    ]);
    expect(await latest('field=temperature&where=sensor_id=s03')).toMatchObject([{ temperature: 43 }]);
    // NULL is a series as well, and several columns may tell series apart.
    expect(await latest('field=temperature&by=location', 'monitoring.sensor_data')).toMatchObject([
      { location: 'hall', temperature: 6 },
      { location: 'roof', temperature: 7 },
      { location: null, temperature: 8 },
    ]);
    expect(
      temperatures(await latest('field=temperature&by=sensor_id,location', 'monitoring.sensor_data')),
    ).toEqual([6, 7, 8]);
  });

  it('gives whole numbers, points and JSON as they are', async () => {
    const [first] = (await get('/api/series/metrics.device_telemetry/latest?by=device_id')).body.data;
    expect(first).toMatchObject({ network_rx: '9007199254740993', location: { x: 1, y: 2 }, metadata: null });
    const { status, body } = await get('/api/series/metrics.device_telemetry?from=2026-01-01&to=2026-02-01');
    expect([status, body.count]).toEqual([200, 2]);
    const sum = await get(
      '/api/series/metrics.device_telemetry?field=max(network_rx),first(location)&bucket=1mo&from=2026-01-01&to=2026-02-01',
    );
    expect(sum.body.data).toEqual([
      { time: '2026-01-01T00:00:00Z', max_network_rx: '9007199254740993', first_location: { x: 1, y: 2 } },
    ]);
  });

  it('refuses more series than allowed', async () => {
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT '2026-02-01', 'x' || n FROM generate_series(1, 21) n`,
    );
    for (const path of ['latest?by=sensor_id', 'keys?by=sensor_id'])
      expect((await get(`/api/series/sensor_data/${path}`)).body.type).toBe('urn:tsdb:problem:too-many-rows');
  });
});
