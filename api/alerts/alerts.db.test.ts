// Thresholds and the alerts that readings raise, on real servers.
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const MINUTE = 60_000;

describe.each(testServers())('alerts on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: 'iot,monitoring,market,service' } }));
  const now = Date.now();
  const at = (minutes: number, micros = '000') =>
    `${new Date(now + minutes * MINUTE).toISOString().slice(0, 23)}${micros}Z`;

  beforeEach(async () => {
    for (const schema of ['public', 'monitoring'])
      for (const table of ['sensor_alerts', 'sensor_thresholds'])
        await runSql(api.url, `DELETE FROM ${schema}.${table}`);
  });

  const put = (path: string, body: object) => api.send('PUT', `/api/thresholds/${path}`, body);
  const ingest = async (table: string, rows: object[]) =>
    (await api.send('POST', `/api/ingest/${table}`, rows)).json();

  it('raises alerts at the time of the reading, newest first', async () => {
    await put('sensor_data/s1/temperature', { minimum: 10, maximum: 35 });
    const rows = [
      { time: at(-30, '456'), sensor_id: 's1', temperature: 41.2, humidity: 5 },
      { time: at(-20), sensor_id: 's1', temperature: 20 },
      { time: at(-10, '001'), sensor_id: 's1', temperature: -2.5 },
      { time: at(-10), sensor_id: 's2', temperature: 99 },
      { time: at(-5), sensor_id: 's1' },
    ];
    expect(await ingest('sensor_data', rows)).toMatchObject({ accepted: 5, alerts: 2 });
    const answer = await api.get('/api/alerts');
    expect(answer.json()).toMatchObject({ table: 'sensor_data', count: 2, next: null });
    expect(answer.json().data).toEqual([
      {
        time: at(-10, '001'),
        sensor_id: 's1',
        alert_type: 'temperature_low',
        message: 'temperature -2.5 °C is below 10 °C',
        value: -2.5,
        threshold: 10,
      },
      {
        time: at(-30, '456'),
        sensor_id: 's1',
        alert_type: 'temperature_high',
        message: 'temperature 41.2 °C is above 35 °C',
        value: 41.2,
        threshold: 35,
      },
    ]);
    expect(answer.headers['cache-control']).toBe('no-cache');
  });

  it('raises nothing for rows that are refused, and nothing twice for a retried write', async () => {
    await put('sensor_data/s3/humidity', { maximum: 50 });
    const body = [
      { time: at(-1), sensor_id: 's3', humidity: 60 },
      { time: at(-1), sensor_id: 's3', humidity: 61, nope: 1 },
    ];
    const send = () => api.send('POST', '/api/ingest/sensor_data', body, { 'idempotency-key': 'alerts' });
    expect((await send()).json()).toMatchObject({ accepted: 1, alerts: 1 });
    expect((await send()).json()).toMatchObject({ accepted: 1, alerts: 1 });
    expect((await api.get('/api/alerts?sensor_id=s3')).json().count).toBe(1);
  });

  it('watches both tables of monitoring, with ids that are numbers', async () => {
    const answer = await put('monitoring.sensor_readings/7/rssi', { minimum: -90 });
    expect(answer.json()).toEqual({ sensor_id: 7, metric: 'rssi', minimum: -90, maximum: null });
    await put('monitoring.sensor_data/7/humidity', { maximum: 50 });
    await ingest('monitoring.sensor_readings', [{ time: at(-3), sensor_id: 7, rssi: -97, humidity: 51 }]);
    await ingest('monitoring.sensor_data', [{ time: at(-2), sensor_id: 7, humidity: 52 }]);
    const { data } = (await api.get('/api/alerts?table=monitoring.sensor_data&sensor_id=7')).json();
    expect(
      data.map(({ message, sensor_id }: { message: string; sensor_id: number }) => [sensor_id, message]),
    ).toEqual([
      [7, 'humidity 52 % is above 50 %'],
      [7, 'humidity 51 % is above 50 %'],
      [7, 'rssi -97 dBm is below -90 dBm'],
    ]);
  });

  it('has chunks for alerts of old readings', async () => {
    await put('sensor_data/old/pressure', { minimum: 900 });
    const time = at(-400 * 24 * 60);
    expect(await ingest('sensor_data', [{ time, sensor_id: 'old', pressure: 1 }])).toMatchObject({
      alerts: 1,
    });
    const { data } = (await api.get('/api/alerts?sensor_id=old&period=2y')).json();
    expect(data).toHaveLength(1);
    if (server.engine === 'timescaledb') return;
    const { rows } = await api.pool.query(
      'SELECT count(*)::int AS n FROM ONLY tsdb.public_sensor_alerts_default',
    );
    expect(rows[0].n).toBe(0);
  });

  it('answers in pages and formats, and keeps to the range', async () => {
    await put('sensor_data/p/temperature', { maximum: 0 });
    const same = at(-15);
    const rows = [1, 2, 3, 4, 5].map((temperature) => ({ time: same, sensor_id: 'p', temperature }));
    await ingest('sensor_data', [...rows, { time: at(-2 * 24 * 60), sensor_id: 'p', temperature: 9 }]);
    const seen: number[] = [];
    let address: string | undefined = '/api/alerts?sensor_id=p&limit=2';
    while (address !== undefined) {
      const answer = await api.get(address);
      seen.push(...answer.json().data.map(({ value }: { value: number }) => value));
      address = /<([^>]+)>/.exec(String(answer.headers.link ?? ''))?.[1];
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect((await api.get('/api/alerts?sensor_id=p&period=3d')).json().count).toBe(6);
    expect((await api.get(`/api/alerts?from=${at(-60)}&to=${same}`)).json().count).toBe(0);
    const csv = await api.get('/api/alerts?sensor_id=p&limit=1&format=csv');
    expect(csv.body.split('\n')[0]?.trim()).toBe('time,sensor_id,alert_type,message,value,threshold');
  });

  it('lists, replaces and removes thresholds', async () => {
    await put('sensor_data/t2/temperature', { minimum: 1, maximum: 2 });
    await put('sensor_data/t1/pressure', { minimum: 3 });
    expect((await put('sensor_data/t2/temperature', { maximum: 5 })).json()).toEqual({
      sensor_id: 't2',
      metric: 'temperature',
      minimum: null,
      maximum: 5,
    });
    expect((await api.get('/api/thresholds?table=sensor_data')).json()).toEqual({
      table: 'sensor_data',
      thresholds: [
        { sensor_id: 't1', metric: 'pressure', minimum: 3, maximum: null },
        { sensor_id: 't2', metric: 'temperature', minimum: null, maximum: 5 },
      ],
    });
    expect((await api.get('/api/thresholds?sensor_id=t1')).json().thresholds).toHaveLength(1);
    const dropped = await api.send('DELETE', '/api/thresholds/sensor_data/t1/pressure');
    expect([dropped.statusCode, dropped.body]).toEqual([204, '']);
    expect((await api.send('DELETE', '/api/thresholds/sensor_data/t1/pressure')).json()).toMatchObject({
      type: 'urn:tsdb:problem:unknown-object',
    });
  });

  it.each([
    ['sensor_data/a/temperature', {}, 'bad-body'],
    ['sensor_data/a/temperature', { minimum: null }, 'bad-body'],
    ['sensor_data/a/temperature', { minimum: 2, maximum: 1 }, 'bad-body'],
    ['sensor_data/a/temperature', { minimum: 'x' }, 'invalid-request'],
    ['sensor_data/a/temperature', { lowest: 1 }, 'invalid-request'],
    ['sensor_data/a/time', { minimum: 1 }, 'bad-field'],
    ['sensor_data/a/nope', { minimum: 1 }, 'bad-field'],
    ['monitoring.sensor_data/7/sensor_id', { minimum: 1 }, 'bad-field'],
    ['monitoring.sensor_data/seven/temperature', { minimum: 1 }, 'bad-sensor-id'],
    ['monitoring.sensor_data/3000000000/temperature', { minimum: 1 }, 'bad-sensor-id'],
    [`sensor_data/${'x'.repeat(51)}/temperature`, { minimum: 1 }, 'bad-sensor-id'],
    ['market.stock_prices/a/price', { minimum: 1 }, 'unknown-table'],
    ['sensor_alerts/a/value', { minimum: 1 }, 'unknown-table'],
  ])('refuses %s with %j', async (path, body, problem) => {
    expect((await put(path, body)).json().type).toBe(`urn:tsdb:problem:${problem}`);
  });

  it('refuses questions that make no sense', async () => {
    const answers = [
      'table=market.stock_prices',
      'period=1x',
      'table=monitoring.sensor_data&sensor_id=x',
      'nope=1',
    ];
    const types = await Promise.all(
      answers.map(async (query) => (await api.get(`/api/alerts?${query}`)).json().type),
    );
    expect(types).toEqual(
      ['unknown-table', 'bad-period', 'bad-sensor-id', 'invalid-request'].map(
        (name) => `urn:tsdb:problem:${name}`,
      ),
    );
  });
});
