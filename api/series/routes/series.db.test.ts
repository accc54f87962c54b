// GET /api/series/:table on real servers; expected values are computed here from the rows that were written.
import { testServers } from '../../../db/local/test-servers';
import { forSuite } from '../../testing/for-suite';
import { insertSensorRows, type SensorRow } from '../testing/data';
import {
  DAY,
  getSeries,
  HOUR,
  iso,
  type Parameters,
  queryOf,
  rows,
  start,
  startSeries,
  tenDays,
} from '../testing/ten-days';

describe.each(testServers())('series on $describe', (server) => {
  const api = forSuite(() => startSeries(server));
  const range = tenDays;
  const get = (table: string, parameters: Parameters) => getSeries(api, table, parameters);

  it('says what it answered, and from where', async () => {
    const { body } = await get('sensor_data', {
      field: 'avg(temperature),count',
      by: 'sensor_id',
      bucket: '1d',
      ...range,
    });
    expect({ ...body, data: body.data.length }).toEqual({
      table: 'sensor_data',
      source: 'sensor_data_daily',
      bucket: '1 day',
      tz: 'UTC',
      ...range,
      freshness: {
        watermark: expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00Z$/),
        real_time: true,
        // Engine postgres does not know which rows have changed.
        ...(server.engine === 'timescaledb'
          ? { stale: [], stale_count: 0 }
          : { stale: null, stale_count: null }),
      },
      fields: [
        { name: 'avg_temperature', of: 'avg(temperature)', unit: '°C' },
        { name: 'count', of: 'count(*)', unit: null },
      ],
      by: ['sensor_id'],
      top: null,
      fill: 'none',
      downsample: null,
      kept_since: null,
      count: 17,
      next: null,
      data: 17,
    });
  });

  it.each(['1h', '1d', '1w', '1mo'])('computes averages over %s exactly', async (bucket) => {
    const { body } = await get('sensor_data', {
      field: 'avg(temperature),count(temperature)',
      bucket,
      ...range,
    });
    const expected = new Map<string, number[]>();
    for (const { time, temperature } of rows) {
      const key = bucketOf(bucket, time);
      expected.set(key, [...(expected.get(key) ?? []), ...(temperature === null ? [] : [temperature])]);
    }
    expect(body.data.map(({ time }: { time: string }) => time)).toEqual([...expected.keys()]);
    for (const { time, avg_temperature, count_temperature } of body.data) {
      const values = expected.get(time) ?? [];
      expect(count_temperature).toBe(values.length);
      if (values.length > 0) expect(avg_temperature).toBeCloseTo(mean(values), 9);
      else expect(avg_temperature).toBeNull();
    }
    expect(body.source).not.toBe('sensor_data');
  });

  it('widens the range to whole buckets and says so', async () => {
    const { body } = await get('sensor_data', {
      field: 'count',
      bucket: '1d',
      from: iso(start + 5 * HOUR),
      to: iso(start + DAY + 1_000),
    });
    expect(body).toMatchObject({ from: iso(start), to: iso(start + 2 * DAY), count: 2 });
    expect(body.data[0]).toEqual({ time: iso(start), count: 144 });
  });

  it('chooses a width that fits the points', async () => {
    const width = async (points: string) =>
      (await get('sensor_data', { field: 'count', points, ...range })).body.bucket;
    expect([await width('10'), await width('100'), await width('1000')]).toEqual([
      '1 day',
      '3 hours',
      '15 minutes',
    ]);
  });

  it('says since when rows are kept', async () => {
    const { body } = await get('sensor_data', { field: 'temperature', period: '1y', limit: '1' });
    const since = Date.parse(body.kept_since);
    expect(Math.abs(Date.now() - 90 * DAY - since)).toBeLessThan(DAY);
    expect(
      (await get('sensor_data', { field: 'count', bucket: '1d', period: '1y' })).body.kept_since,
    ).toBeNull();
  });

  it('gives rows as they are, all columns without field', async () => {
    const { body } = await get('sensor_data', { from: iso(start), to: iso(start + 1) });
    expect(body).toMatchObject({ source: 'sensor_data', bucket: null, freshness: null, count: 2 });
    expect(body.data[0]).toEqual({
      time: iso(start),
      sensor_id: 'a',
      temperature: rows[0]?.temperature,
      humidity: rows[0]?.humidity,
      pressure: null,
    });
  });

  it('pages over rows of equal time, and over buckets, without losing or repeating one', async () => {
    for (const parameters of [
      { field: 'humidity', by: 'sensor_id', ...range },
      { field: 'count,avg(humidity)', by: 'sensor_id', bucket: '1h', ...range },
    ]) {
      const whole = (await get('sensor_data', parameters)).body.data;
      const pages: unknown[] = [];
      let cursor: string | null = null;
      do {
        const { status, body } = await get('sensor_data', {
          ...parameters,
          limit: '77',
          ...(cursor && { cursor }),
        });
        expect(status).toBe(200);
        pages.push(...body.data);
        cursor = body.next;
      } while (cursor !== null);
      expect(whole.length).toBeGreaterThan(400);
      expect(pages).toEqual(whole);
    }
  });

  it('refuses more rows than allowed', async () => {
    const { status, body } = await get('sensor_data', {
      field: 'count',
      bucket: '1s',
      by: 'sensor_id',
      ...range,
    });
    expect([status, body.type]).toEqual([200, undefined]);
    await insertSensorRows(
      api.url,
      Array.from({ length: 1_601 }, (_, at) => many(at)),
    );
    const over = await get('sensor_data', { field: 'humidity', from: '2010-01-01', to: '2010-01-02' });
    expect([over.status, over.body.type]).toEqual([422, 'urn:tsdb:problem:too-many-rows']);
  });

  it('sends CSV and NDJSON', async () => {
    const parameters = queryOf({
      field: 'count,avg(pressure)',
      by: 'sensor_id',
      bucket: '1d',
      from: iso(start),
      to: iso(start + DAY),
    });
    const csv = await api.get(`/api/series/sensor_data?${parameters}&format=csv`);
    expect(csv.headers).toMatchObject({ 'x-tsdb-source': 'sensor_data_daily', 'x-tsdb-bucket': '1 day' });
    expect(csv.body).toBe(`time,sensor_id,count,avg_pressure\n${iso(start)},a,72,\n${iso(start)},b,72,\n`);
    const ndjson = await api.get(`/api/series/sensor_data?${parameters}`, { accept: 'application/x-ndjson' });
    expect(
      ndjson.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(
      ['a', 'b'].map((sensor_id) => ({ time: iso(start), sensor_id, count: 72, avg_pressure: null })),
    );
  });
});

const many = (at: number): SensorRow => ({
  time: Date.UTC(2010, 0, 1) + at * 1_000,
  sensor_id: 'many',
  temperature: null,
  humidity: at,
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function bucketOf(bucket: string, time: number): string {
  const day = Math.floor(time / DAY) * DAY;
  if (bucket === '1h') return iso(Math.floor(time / HOUR) * HOUR);
  if (bucket === '1d') return iso(day);
  if (bucket === '1w') return iso(day - ((new Date(day).getUTCDay() + 6) % 7) * DAY);
  return `${iso(time).slice(0, 7)}-01T00:00:00Z`;
}
