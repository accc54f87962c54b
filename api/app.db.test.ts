// The six endpoints on real servers; expected values are computed here, not by the database.
import { testServers } from '../db/local/test-servers';
import { startApi } from './testing/api-under-test';
import { forgetReadings, refreshAll, runSql } from './testing/fixture';
import { forSuite } from './testing/for-suite';

interface Reading {
  readonly time: string;
  readonly temperature: number | null;
  readonly humidity: number | null;
  readonly pressure: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const INSERT = 'INSERT INTO sensor_data VALUES ($1, $2, $3, $4, $5)';

const hourOf = (ms: number) => Math.floor(ms / HOUR) * HOUR;
const iso = (ms: number, micros = '000000') => `${new Date(ms).toISOString().slice(0, 19)}.${micros}Z`;
const bucketText = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

describe.each(testServers())('the API on $describe', (server) => {
  const api = forSuite(() => startApi(server));
  const now = Date.now();
  const readings: Reading[] = [
    { time: iso(hourOf(now) - 50 * HOUR, '000001'), temperature: 10, humidity: 40, pressure: 990 },
    { time: iso(hourOf(now) - 3 * HOUR, '123456'), temperature: 20, humidity: 50, pressure: 1000 },
    { time: iso(hourOf(now) - 3 * HOUR + 60_000, '654321'), temperature: 23, humidity: null, pressure: 1003 },
    { time: iso(hourOf(now) - 2 * HOUR, '500000'), temperature: -4.25, humidity: 55.5, pressure: null },
  ];

  beforeAll(async () => {
    for (const { time, temperature, humidity, pressure } of readings) {
      await runSql(api.url, INSERT, [time, 'sensor_001', temperature, humidity, pressure]);
    }
    await runSql(api.url, INSERT, [iso(now - 400 * 24 * HOUR), 'sensor_old', 1, 2, 3]);
    await runSql(api.url, INSERT, [iso(now - 100 * 24 * HOUR), 'sensor_gone', 7, 8, 9]);
    await forgetReadings(api.url, 'sensor_gone');
    await runSql(api.url, INSERT, [iso(now - HOUR), 'ünï/ çødé', 'NaN', 'Infinity', 1e-7]);
  });

  it('lists the sensors with their last readings', async () => {
    const { sensors } = (await api.get('/api/sensors')).json();
    expect(sensors).toEqual([
      { sensor_id: 'sensor_001', last_reading: readings[3]?.time.replace('500000', '5') },
      { sensor_id: 'sensor_old', last_reading: bucketText(now - 400 * 24 * HOUR) },
      { sensor_id: 'ünï/ çødé', last_reading: bucketText(now - HOUR) },
    ]);
  });

  it('gives the newest reading', async () => {
    expect((await api.get('/api/sensors/sensor_001/current')).json()).toEqual({
      sensor_id: 'sensor_001',
      time: readings[3]?.time.replace('500000', '5'),
      temperature: -4.25,
      humidity: 55.5,
      pressure: null,
    });
  });

  it('gives raw readings of the period in order, with microseconds', async () => {
    const answer = (await api.get('/api/sensors/sensor_001/raw?period=6h')).json();
    expect(answer).toEqual({
      sensor_id: 'sensor_001',
      period: '6h',
      source: 'sensor_data',
      bucket: null,
      freshness: null,
      next: null,
      unit: { temperature: '°C', humidity: '%', pressure: 'hPa' },
      count: 3,
      data: [readings[1], readings[2], { ...readings[3], time: readings[3]?.time.replace('500000', '5') }],
    });
  });

  it('gives hourly figures that are computed from all values', async () => {
    const answer = (await api.get('/api/sensors/sensor_001/hourly?period=1d')).json();
    expect(answer).toMatchObject({ source: 'sensor_data_hourly', count: 2 });
    expect(answer.data).toEqual([
      {
        bucket: bucketText(hourOf(now) - 3 * HOUR),
        avg_temperature: 21.5,
        min_temperature: 20,
        max_temperature: 23,
        avg_humidity: 50,
        min_humidity: 50,
        max_humidity: 50,
        avg_pressure: 1001.5,
        min_pressure: 1000,
        max_pressure: 1003,
        reading_count: 2,
        count_temperature: 2,
        count_humidity: 1,
        count_pressure: 2,
      },
      {
        bucket: bucketText(hourOf(now) - 2 * HOUR),
        avg_temperature: -4.25,
        min_temperature: -4.25,
        max_temperature: -4.25,
        avg_humidity: 55.5,
        min_humidity: 55.5,
        max_humidity: 55.5,
        avg_pressure: null,
        min_pressure: null,
        max_pressure: null,
        reading_count: 1,
        count_temperature: 1,
        count_humidity: 1,
        count_pressure: 0,
      },
    ]);
  });

  it.each(['daily', 'monthly'])('gives %s figures that cover every reading once', async (level) => {
    const { source, data } = (await api.get(`/api/sensors/sensor_001/${level}?period=1y`)).json();
    expect(source).toBe(`sensor_data_${level}`);
    const length = level === 'daily' ? 10 : 7;
    const expected = new Map<string, number>();
    for (const { time } of readings) {
      const bucket = `${time.slice(0, length)}${'-01'.slice(0, 10 - length)}T00:00:00Z`;
      expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
    }
    const counts = data.map((row: { bucket: string; reading_count: number }) => [
      row.bucket,
      row.reading_count,
    ]);
    expect(counts).toEqual([...expected]);
  });

  it('uses the documented default periods', async () => {
    const periods = ['raw', 'hourly', 'daily', 'monthly'].map(async (level) => {
      return (await api.get(`/api/sensors/sensor_001/${level}`)).json().period;
    });
    expect(await Promise.all(periods)).toEqual(['1d', '1w', '1m', '1y']);
  });

  describe('cuts a raw period to the moment, and includes the bucket that its start lies in', () => {
    const write = async (id: string, times: readonly number[]) => {
      for (const time of times) await runSql(api.url, INSERT, [new Date(time).toISOString(), id, 1, 1, 1]);
      await refreshAll(api.url); // rows older than the last refresh are late ones
    };
    const shown = async (id: string, level: string, query: string) =>
      (await api.get(`/api/sensors/${id}/${level}?${query}`)).json().data;

    it('when it ends at a time', async () => {
      const to = hourOf(now) - 10 * HOUR + 40 * MINUTE;
      const start = to - 2 * HOUR;
      await write('sensor_edge', [start, start - 1, hourOf(start), hourOf(start) - 1, to - 1, to]);
      const query = `period=2h&to=${bucketText(to)}`;
      expect(await shown('sensor_edge', 'raw', query)).toMatchObject([
        { time: bucketText(start) },
        { time: `${new Date(to - 1).toISOString()}` },
      ]);
      expect(await shown('sensor_edge', 'hourly', query)).toMatchObject([
        { bucket: bucketText(hourOf(start)), reading_count: 3 },
        { bucket: bucketText(hourOf(to)), reading_count: 2 },
      ]);
    });

    it('when it ends now', async () => {
      const begun = Date.now() - 2 * HOUR;
      const times = [begun + 30 * MINUTE, begun - 1, hourOf(begun), hourOf(begun) - 1];
      await write('sensor_now', times);
      expect(await shown('sensor_now', 'raw', 'period=2h')).toMatchObject([
        { time: new Date(begun + 30 * MINUTE).toISOString().replace(/0+Z$/, 'Z').replace('.Z', 'Z') },
      ]);
      // An hour may end at any moment: what counts is the one in which the question was asked, from its first to its last moment.
      let hour: number;
      let data: readonly { readonly bucket: string; readonly reading_count: number }[];
      do {
        hour = hourOf(Date.now());
        data = await shown('sensor_now', 'hourly', 'period=2h');
      } while (hourOf(Date.now()) !== hour);
      const expected = times.filter((time) => time >= hour - 2 * HOUR);
      expect(data[0]?.bucket).toBe(bucketText(Math.min(...expected.map(hourOf))));
      expect(data.reduce((sum, row) => sum + row.reading_count, 0)).toBe(expected.length);
    });
  });

  it.each(['1h', '9999h', '9999d', '9999w', '9999m', '9999y'])('accepts the period %s', async (period) => {
    for (const level of ['raw', 'hourly', 'daily', 'monthly']) {
      expect((await api.get(`/api/sensors/sensor_old/${level}?period=${period}`)).statusCode).toBe(200);
    }
  });

  it('has an empty answer for a known sensor without rows in the period', async () => {
    expect((await api.get('/api/sensors/sensor_old/raw')).json()).toMatchObject({ count: 0, data: [] });
  });

  it('still knows a sensor whose readings were dropped', async () => {
    expect((await api.get('/api/sensors/sensor_gone/raw')).json()).toMatchObject({ count: 0 });
    expect((await api.get('/api/sensors/sensor_gone/monthly')).json()).toMatchObject({ count: 1 });
    expect((await api.get('/api/sensors/sensor_gone/current')).json()).toMatchObject({
      type: 'urn:tsdb:problem:no-reading',
      status: 404,
    });
  });

  it('takes any text as an id, and has texts for numbers that JSON lacks', async () => {
    const answer = await api.get(`/api/sensors/${encodeURIComponent('ünï/ çødé')}/current`);
    expect(answer.json()).toMatchObject({
      sensor_id: 'ünï/ çødé',
      temperature: 'NaN',
      humidity: 'Infinity',
      pressure: 1e-7,
    });
  });

  it('answers HEAD like GET, without a body', async () => {
    for (const path of ['/api/sensors', '/api/sensors/sensor_001/hourly', '/health/ready', '/']) {
      const head = await api.app.inject({ method: 'HEAD', url: path });
      expect([path, head.statusCode, head.body]).toEqual([path, 200, '']);
    }
    expect((await api.app.inject({ method: 'HEAD', url: '/api/sensors/nope/raw' })).statusCode).toBe(404);
  });

  it('cannot write, whatever SQL it ran', async () => {
    await expect(api.pool.query('DELETE FROM sensor_data')).rejects.toMatchObject({ code: '25006' });
  });
});
