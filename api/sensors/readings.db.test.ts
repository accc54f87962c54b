// Ranges, order, pages, formats and freshness of the sensor endpoints, on real servers.
import { parse } from 'csv-parse/sync';
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
// Twelve days ago: aggregates of it are stored after a refresh, and no test run crosses a bucket's edge.
const START = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 12 * 24 * HOUR;
const at = (ms: number): string => new Date(START + ms).toISOString().replace('.000Z', 'Z');

describe.each(testServers())('ranges, pages and formats on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_MAX_ROWS: '500' } }));

  beforeAll(async () => {
    // One reading a minute for four hours, and five at the very same microsecond.
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT $1::timestamptz + n * interval '1 minute', 'steady', n, 50, 1000 FROM generate_series(0, 239) n`,
      [at(0)],
    );
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT $1::timestamptz + interval '0.123456 s', 'tied', n, n, n FROM generate_series(1, 5) n`,
      [at(HOUR)],
    );
    await runSql(api.url, `INSERT INTO sensor_data VALUES ($1, 'tied', 6, NULL, 6)`, [at(2 * HOUR)]);
    await refreshAll(api.url);
  });

  const temperatures = async (query: string): Promise<number[]> => {
    const response = await api.get(`/api/sensors/steady/raw?${query}`);
    expect(response.statusCode).toBe(200);
    return response.json().data.map(({ temperature }: { temperature: number }) => temperature);
  };

  it('includes the start of a range and excludes its end', async () => {
    expect(await temperatures(`from=${at(10 * MINUTE)}&to=${at(13 * MINUTE)}`)).toEqual([10, 11, 12]);
    const plus = encodeURIComponent(at(10 * MINUTE).replace('Z', '+00:00'));
    expect(await temperatures(`from=${plus}&to=${at(12 * MINUTE)}`)).toEqual([10, 11]);
  });

  it('counts a period back from the end', async () => {
    expect(await temperatures(`period=1h&to=${at(HOUR)}`)).toHaveLength(60);
  });

  it('includes buckets that overlap the range', async () => {
    const query = `from=${at(90 * MINUTE)}&to=${at(130 * MINUTE)}`;
    const { data, period, bucket } = (await api.get(`/api/sensors/steady/hourly?${query}`)).json();
    expect(data.map((row: { bucket: string }) => row.bucket)).toEqual([at(HOUR), at(2 * HOUR)]);
    expect([period, bucket]).toEqual([null, '1 hour']);
  });

  it('gives the newest first on request', async () => {
    expect(await temperatures(`from=${at(0)}&order=desc&limit=3`)).toEqual([239, 238, 237]);
  });

  it.each(['asc', 'desc'])('walks all pages in order %s without losing or doubling a row', async (order) => {
    for (const [sensor, limit, expected] of [
      ['steady', 50, 240],
      ['tied', 2, 6],
      ['tied', 1, 6],
    ] as const) {
      const seen: unknown[] = [];
      let address = `/api/sensors/${sensor}/raw?period=30d&limit=${limit}&order=${order}`;
      while (address !== '') {
        const response = await api.get(address);
        const { data, next } = response.json();
        seen.push(...data.map(({ temperature }: { temperature: number }) => temperature));
        const link = /^<(.+)>; rel="next"$/.exec(String(response.headers.link ?? ''))?.[1] ?? '';
        expect(link === '').toBe(next === null);
        address = link;
      }
      expect(new Set(seen).size).toBe(expected);
      expect(seen).toHaveLength(expected);
      const sorted = [...(seen as number[])].sort((a, b) => (order === 'asc' ? a - b : b - a));
      if (sensor === 'steady') expect(seen).toEqual(sorted);
    }
  });

  it('goes on after rows that came in between', async () => {
    const first = (await api.get('/api/sensors/steady/raw?period=30d&limit=200')).json();
    await runSql(api.url, `INSERT INTO sensor_data VALUES ($1, 'steady', -1, 0, 0)`, [at(-HOUR)]);
    const second = (
      await api.get(`/api/sensors/steady/raw?period=30d&limit=200&cursor=${first.next}`)
    ).json();
    await runSql(api.url, `DELETE FROM sensor_data WHERE temperature = -1`);
    expect(second.data.map(({ temperature }: { temperature: number }) => temperature)).toEqual(
      Array.from({ length: 40 }, (_, n) => 200 + n),
    );
  });

  it('refuses a cursor of another request', async () => {
    const { next } = (await api.get('/api/sensors/steady/raw?period=30d&limit=1')).json();
    const response = await api.get(`/api/sensors/tied/raw?period=30d&limit=1&cursor=${next}`);
    expect(response.json()).toMatchObject({ status: 400, type: 'urn:tsdb:problem:bad-cursor' });
  });

  it('lists sensors in pages', async () => {
    const first = (await api.get('/api/sensors?limit=1')).json();
    expect(first).toMatchObject({ sensors: [{ sensor_id: 'steady' }], next: 'steady' });
    const second = (await api.get(`/api/sensors?limit=1&after=${first.next}`)).json();
    expect(second).toMatchObject({ sensors: [{ sensor_id: 'tied' }], next: null });
  });

  it('gives the same rows as JSON, CSV and NDJSON', async () => {
    const path = '/api/sensors/tied/raw?period=30d';
    const json = (await api.get(path)).json().data;
    const csv = await api.get(path, { accept: 'text/csv' });
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(csv.body.split('\n')[0]).toBe('time,temperature,humidity,pressure');
    const fromCsv = parse(csv.body, {
      columns: true,
      cast: (value, { column, header }) =>
        header || column === 'time' ? value : value === '' ? null : Number(value),
    });
    expect(fromCsv).toEqual(json);
    const ndjson = await api.get(`${path}&format=ndjson`, { accept: 'text/csv' });
    expect(ndjson.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(
      ndjson.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(json);
    expect(json[0].time).toBe(at(HOUR).replace('Z', '.123456Z'));
  });

  it('tells source, bucket and freshness beside CSV', async () => {
    const { headers } = await api.get('/api/sensors/steady/daily?period=30d&format=csv');
    expect(headers).toMatchObject({ 'x-tsdb-source': 'sensor_data_daily', 'x-tsdb-bucket': '1 day' });
    expect(Date.parse(String(headers['x-tsdb-watermark']))).toBeGreaterThan(START);
  });

  it('refuses formats that it does not have', async () => {
    expect((await api.get('/api/sensors', { accept: 'image/png' })).json()).toMatchObject({
      status: 406,
      type: 'urn:tsdb:problem:not-acceptable',
    });
    expect((await api.get('/api/sensors?format=xml')).json().detail).toBe(
      'format must be one of json, csv, ndjson',
    );
  });

  it('says up to where an aggregate is stored', async () => {
    const { freshness } = (await api.get('/api/sensors/steady/hourly?period=30d')).json();
    expect(freshness.real_time).toBe(true);
    const watermark = Date.parse(freshness.watermark);
    expect(watermark % HOUR).toBe(0);
    expect(watermark).toBeGreaterThanOrEqual(START + 4 * HOUR);
  });

  it('answers 304 until the rows change', async () => {
    const path = `/api/sensors/steady/raw?from=${at(0)}&to=${at(5 * HOUR)}`;
    const first = await api.get(path);
    const tag = String(first.headers.etag);
    expect(first.headers['cache-control']).toBe('no-cache');
    const again = await api.get(path, { 'if-none-match': tag });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    await runSql(api.url, `INSERT INTO sensor_data VALUES ($1, 'steady', 0, 0, 0)`, [at(1)]);
    expect((await api.get(path, { 'if-none-match': tag })).statusCode).toBe(200);
  });
});
