// Moving averages, anomalies and summaries on real servers, against the same computed here in plain loops.
import { desiredFrom } from '../../../db/language/desired';
import { testServers } from '../../../db/local/test-servers';
import { selectSets } from '../../../db/schema/sets';
import { startApi } from '../../testing/api-under-test';
import { forSuite } from '../../testing/for-suite';
import { randomNumbers } from '../../testing/random';
import { insertSensorRows, refreshEvery, type SensorRow } from '../testing/data';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const start = Math.floor(Date.now() / DAY) * DAY - 30 * DAY;
const iso = (ms: number) => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');

/** Two sensors at irregular times over three days, with NULLs, a far value now and then, and a sensor that never changes but once. */
function readings(): readonly SensorRow[] {
  const random = randomNumbers(5);
  const rows: SensorRow[] = [];
  for (const sensor_id of ['a', 'b']) {
    for (let time = start; time < start + 3 * DAY; time += Math.ceil(random() * 15) * MINUTE) {
      const far = random() < 0.03 ? 40 : 0;
      const temperature = random() < 0.05 ? null : Math.round((20 + random() * 4 + far) * 1_000) / 1_000;
      rows.push({ time, sensor_id, temperature, humidity: null });
    }
  }
  for (let at = 0; at < 30; at += 1)
    rows.push({
      time: start + at * HOUR,
      sensor_id: 'still',
      temperature: at === 25 ? 8 : 7.1,
      humidity: null,
    });
  return rows.sort((a, b) => a.time - b.time || (a.sensor_id < b.sensor_id ? -1 : 1));
}

describe.each(testServers())('one column on $describe', (server) => {
  const api = forSuite(() => startApi(server));
  const rows = readings();
  const [from, to] = [start + DAY + 7 * MINUTE, start + 2 * DAY];
  const range = `from=${iso(from)}&to=${iso(to)}`;
  const inRange = rows.filter(({ time }) => time >= from && time < to);
  const get = async (path: string) => {
    const answer = await api.get(`/api/series/sensor_data/${path}`);
    return { status: answer.statusCode, body: answer.json() };
  };

  beforeAll(async () => {
    await insertSensorRows(api.url, rows);
    await refreshEvery(api.url, desiredFrom(selectSets('iot')));
  });

  it('averages over the time window that ends with each row', async () => {
    const { body } = await get(`moving-average?field=temperature&by=sensor_id&window=2h&${range}`);
    const expected = inRange.map(({ time, sensor_id, temperature }) => ({
      time: iso(time),
      sensor_id,
      value: temperature,
      moving_average: mean(
        valuesOf(
          rows,
          (row) => row.sensor_id === sensor_id && row.time >= time - 2 * HOUR && row.time <= time,
        ),
      ),
    }));
    expect({ ...body, data: 0 }).toEqual({
      table: 'sensor_data',
      source: 'sensor_data',
      from: iso(from),
      to: iso(to),
      field: { name: 'temperature', of: 'temperature', unit: '°C' },
      by: ['sensor_id'],
      window: '2 hours',
      bucket: null,
      tz: 'UTC',
      freshness: null,
      kept_since: null,
      count: expected.length,
      data: 0,
    });
    expectClose(body.data, expected);
  });

  it.each([
    ['1h', '6h', HOUR, 'sensor_data_hourly'],
    ['30m', '2h', HOUR / 2, 'sensor_data'],
    ['1d', '2d', DAY, 'sensor_data_daily'],
  ])('averages over buckets of %s in windows of %s, exactly', async (bucket, window, width, source) => {
    const { body } = await get(
      `moving-average?field=temperature&by=sensor_id&bucket=${bucket}&window=${window}&${range}`,
    );
    const length = Number.parseInt(window, 10) * (window.endsWith('d') ? DAY : HOUR);
    const expected: object[] = [];
    for (let time = Math.floor(from / width) * width; time < to; time += width) {
      for (const sensor_id of ['a', 'b', 'still']) {
        const within = (back: number) => (row: SensorRow) =>
          row.sensor_id === sensor_id && row.time >= time + width - back && row.time < time + width;
        if (!rows.some(within(width))) continue;
        const [value, moving_average] = [width, length].map((back) => mean(valuesOf(rows, within(back))));
        expected.push({ time: iso(time), sensor_id, value, moving_average });
      }
    }
    expect(body).toMatchObject({ source, from: iso(Math.floor(from / width) * width) });
    expect(expected.length).toBeGreaterThan(2);
    expectClose(body.data, expected);
  });

  it('refuses a window that is no multiple of the bucket', async () => {
    const { status, body } = await get('moving-average?field=temperature&bucket=1h&window=90m');
    expect([status, body.type]).toEqual([400, 'urn:tsdb:problem:bad-bucket']);
    expect((await get('moving-average?field=temperature&window=soon')).body.type).toBe(
      'urn:tsdb:problem:bad-bucket',
    );
    expect((await get('moving-average?field=temperature')).body.type).toBe(
      'urn:tsdb:problem:invalid-request',
    );
  });

  it.each([
    ['', 100, 2],
    ['&window=10&threshold=3', 10, 3],
    ['&window=24&threshold=1.5', 24, 1.5],
  ])('finds values far from those before them (%s)', async (parameters, window, threshold) => {
    const { status, body } = await get(`anomalies?field=temperature&by=sensor_id${parameters}&${range}`);
    expect(status).toBe(200);
    const expected = inRange.flatMap(({ time, sensor_id, temperature }) => {
      if (temperature === null) return [];
      const before = valuesOf(rows, (row) => row.sensor_id === sensor_id && row.time < time).slice(-window);
      if (before.length < 10) return [];
      const [center, sd] = [mean(before) ?? 0, deviation(before)];
      const isEqual = before.every((value) => value === before[0]);
      if (isEqual ? temperature === before[0] : Math.abs(temperature - center) <= threshold * sd) return [];
      const z = isEqual ? null : (temperature - center) / sd;
      return [{ time: iso(time), sensor_id, value: temperature, mean: center, sd: isEqual ? 0 : sd, z }];
    });
    expect(expected.length).toBeGreaterThan(3);
    expect(expected.some(({ z }) => z === null)).toBe(true);
    expect(body).toMatchObject({ window, threshold, count: expected.length });
    expectClose(body.data, expected);
  });

  it('looks at all rows as one series without keys', async () => {
    const { body } = await get(`anomalies?field=temperature&where=sensor_id=a&window=50&${range}`);
    const { body: keyed } = await get(
      `anomalies?field=temperature&by=sensor_id&where=sensor_id=a&window=50&${range}`,
    );
    expect(body.count).toBeGreaterThan(0);
    expect(body.data).toEqual(keyed.data.map(({ sensor_id: _, ...row }: Record<string, unknown>) => row));
  });

  it('describes the values of each series', async () => {
    const { body } = await get(`summary?field=temperature&by=sensor_id&${range}`);
    const expected = ['a', 'b', 'still'].map((sensor_id) => {
      const own = inRange.filter((row) => row.sensor_id === sensor_id);
      const sorted = valuesOf(own, () => true).sort((a, b) => a - b);
      const at = (fraction: number) => percentile(sorted, fraction);
      return {
        sensor_id,
        count: sorted.length,
        missing: own.length - sorted.length,
        mean: mean(sorted),
        sd: deviation(sorted),
        min: at(0),
        p05: at(0.05),
        p25: at(0.25),
        p50: at(0.5),
        p75: at(0.75),
        p95: at(0.95),
        p99: at(0.99),
        max: at(1),
        first: iso(own[0]?.time ?? 0),
        last: iso(own.at(-1)?.time ?? 0),
      };
    });
    expectClose(body.data, expected);
  });

  it('describes nothing as nothing', async () => {
    const { body } = await get('summary?field=temperature&from=2001-01-01&to=2001-01-02');
    expect(body.data).toEqual([
      expect.objectContaining({ count: 0, missing: 0, mean: null, p50: null, first: null }),
    ]);
    for (const path of ['anomalies?', 'moving-average?window=1h&', 'moving-average?window=1h&bucket=1h&'])
      expect((await get(`${path}field=temperature&from=2001-01-01&to=2001-01-02`)).body.data).toEqual([]);
  });

  it.each(['summary?', 'anomalies?', 'moving-average?window=1h&'])('sends %s as CSV', async (path) => {
    const answer = await api.get(
      `/api/series/sensor_data/${path}field=temperature&by=sensor_id&format=csv&${range}`,
    );
    expect(answer.headers['content-type']).toContain('text/csv');
    expect(answer.body.split('\n')[0]).toMatch(/^(time,)?sensor_id,.*(last|z|moving_average)$/);
    const refused = await get(`${path}field=sensor_id`);
    expect([refused.status, refused.body.type]).toEqual([400, 'urn:tsdb:problem:bad-field']);
  });
});

const valuesOf = (rows: readonly SensorRow[], test: (row: SensorRow) => boolean): number[] =>
  rows.filter(test).flatMap(({ temperature }) => temperature ?? []);

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  const center = mean(values) ?? 0;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

function percentile(sorted: readonly number[], fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

/** Equal rows, with numbers equal up to rounding. */
function expectClose(actual: readonly Record<string, unknown>[], expected: readonly object[]): void {
  const rounded = (rows: readonly object[]) =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'number' ? Number(value.toFixed(7)) : value,
        ]),
      ),
    );
  expect(rounded(actual)).toEqual(rounded(expected));
}
