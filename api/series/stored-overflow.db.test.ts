// Numbers that no sum can carry come by SQL, or from before: each failure names the rows and the bucket, and other series are answered.
import { testServers } from '../../db/local/test-servers';
import { sensorDataHourly } from '../../db/schema/iot';
import { withConnection } from '../../db/server/connection';
import { refreshAggregates } from '../../db/upkeep/refresh';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const HOUR = 3_600_000;
const hour = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;
const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

describe.each(testServers())('stored overflow on $describe', (server) => {
  const api = forSuite(() => startApi(server));
  const insert = (sensor: string, minute: number, temperature: number | string) =>
    runSql(api.url, `INSERT INTO sensor_data (time, sensor_id, temperature) VALUES ($1, $2, $3)`, [
      iso(hour + minute * 60_000),
      sensor,
      temperature,
    ]);
  const refresh = () =>
    withConnection(api.url, (db) =>
      refreshAggregates(db, server.engine, [sensorDataHourly], { to: new Date(hour + 2 * HOUR) }),
    );

  beforeAll(async () => {
    await insert('good', 1, 20);
    await insert('good', 2, 22);
    await insert('bad', 10, 1.7e308);
    await insert('bad', 20, 1.7e308);
    await insert('odd', 30, 'NaN');
  });

  it.each(['', '/summary', '/moving-average'])(
    'names the rows when GET /api/series/sensor_data%s fails',
    async (route) => {
      const field =
        route === ''
          ? 'avg(temperature)&bucket=1h'
          : `temperature${route === '/moving-average' ? '&window=1h' : ''}`;
      const answer = await api.get(`/api/series/sensor_data${route}?field=${field}&by=sensor_id`);
      // A moving average is computed with decimals, which carry such numbers.
      if (route === '/moving-average') return expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({
        type: 'urn:tsdb:problem:stored-overflow',
        status: 500,
        relation: 'public.sensor_data',
        rows: 2,
        column: 'temperature',
        value: '1.7e+308',
        series: { sensor_id: 'bad' },
        time: iso(hour + 10 * 60_000).replace('Z', '.000000Z'),
        detail: expect.stringMatching(
          /^A figure over the stored rows cannot be computed\. public\.sensor_data holds 2 rows with numbers .* sensor_id="bad": temperature is 1\.7e\+308\. Correct or delete the rows, which this finds: SELECT/,
        ),
      });
    },
  );

  it('names them in the answers about sensors, too', async () => {
    expect((await api.get('/api/sensors/bad/hourly')).json()).toMatchObject({
      type: 'urn:tsdb:problem:stored-overflow',
      relation: 'public.sensor_data',
      series: { sensor_id: 'bad' },
    });
    expect((await api.get('/api/sensors/good/hourly')).json().data).toMatchObject([{ avg_temperature: 21 }]);
    expect((await api.get('/api/sensors/odd/hourly')).json().data).toMatchObject([
      { avg_temperature: 'NaN' },
    ]);
  });

  it('answers about other series', async () => {
    for (const where of ['sensor_id=good', 'sensor_id!=bad']) {
      const asked = `by=sensor_id&where=${encodeURIComponent(where)}`;
      expect(
        (await api.get(`/api/series/sensor_data?field=avg(temperature)&bucket=1h&${asked}`)).json().data,
      ).toContainEqual({ time: iso(hour), sensor_id: 'good', avg_temperature: 21 });
      expect((await api.get(`/api/series/sensor_data/summary?field=temperature&${asked}`)).statusCode).toBe(
        200,
      );
    }
  });

  it('names the aggregate and the bucket when a refresh fails', async () => {
    await expect(refresh()).rejects.toThrow(
      `public.sensor_data_hourly cannot be refreshed: value out of range: overflow, in the bucket of ${iso(hour)}. public.sensor_data holds 2 rows with numbers`,
    );
  });

  it('goes on once the rows that it shows are deleted', async () => {
    const { sql } = (await api.get('/api/series/sensor_data/summary?field=temperature')).json();
    await runSql(api.url, sql.replace('SELECT *', 'DELETE'));
    await refresh();
    const answer = await api.get('/api/series/sensor_data?field=avg(temperature)&bucket=1h&by=sensor_id');
    expect(answer.json()).toMatchObject({
      source: 'sensor_data_hourly',
      data: [
        { time: iso(hour), sensor_id: 'good', avg_temperature: 21 },
        { time: iso(hour), sensor_id: 'odd', avg_temperature: 'NaN' },
      ],
    });
    const { data } = (await api.get('/api/series/sensor_data/summary?field=temperature&by=sensor_id')).json();
    expect(data[1]).toMatchObject({ sensor_id: 'odd', count: 1, missing: 0, mean: 'NaN', max: 'NaN' });
    for (const format of ['csv', 'ndjson'])
      expect(
        (await api.get(`/api/series/sensor_data?field=temperature&by=sensor_id&format=${format}`)).body,
      ).toContain('NaN');
  });
});
