// Which figures answers call out of date, after rows were changed behind the back of the aggregates.
import { testServers } from '../../db/local/test-servers';
import { execute, select } from '../../db/testing/apply';
import { startApi } from '../testing/api-under-test';
import * as clock from '../testing/clock';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// The start of a day, so far back that its buckets are stored at every level but the monthly one.
const START = Math.floor(Date.now() / DAY) * DAY - 40 * DAY;
const at = (ms: number): string => new Date(START + ms).toISOString().replace('.000Z', 'Z');
const SERIES = '/api/series/sensor_data?field=avg(temperature)';

describe.each(testServers())('stale figures on $describe', (server) => {
  const api = forSuite(() => startApi(server));
  const { engine } = server;

  beforeEach(async () => {
    await runSql(api.url, 'DELETE FROM sensor_data');
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT $1::timestamptz + n * interval '15 minutes', 's' || n % 2, n, 1, 1 FROM generate_series(0, 4 * 24 * 6 - 1) n`,
      [at(0)],
    );
    await refreshAll(api.url);
  });

  let asked = 0;
  /** Asks so much later than before that nothing of what was known counts. */
  const ask = async (path: string) => {
    asked += 3_000;
    const response = await clock.at(Date.now() + asked, () => api.get(path));
    expect([path, response.statusCode]).toEqual([path, 200]);
    return response;
  };
  const staleIn = async (path: string) => {
    const { freshness } = (await ask(path)).json();
    return freshness.stale?.map(({ from, to }: { from: string; to: string }) => [from, to]) ?? null;
  };
  const [hourly, daily] = ['hourly', 'daily'].map(
    (level) => `/api/sensors/s0/${level}?from=${at(0)}&to=${at(6 * DAY)}`,
  ) as [string, string];
  const tenToEleven = [at(DAY + 10 * HOUR), at(DAY + 11 * HOUR)];
  const dayTwo = [at(DAY), at(2 * DAY)];

  if (engine !== 'timescaledb') {
    it('are not known on engine postgres, and answers say so', async () => {
      const { freshness } = (await ask(hourly)).json();
      expect(freshness).toMatchObject({ stale: null, stale_count: null });
      expect((await ask(`${hourly}&format=csv`)).headers['x-tsdb-stale']).toBe('unknown');
    });
    return;
  }

  it('are none after a refresh', async () => {
    for (const path of [
      hourly,
      daily,
      `/api/sensors/s0/monthly?from=${at(0)}`,
      `${SERIES}&bucket=1d&from=${at(0)}`,
    ])
      expect([path, await staleIn(path)]).toEqual([path, []]);
    expect((await ask(`${hourly}&format=csv`)).headers).not.toHaveProperty('x-tsdb-stale');
  });

  it.each([
    ['deleted', `DELETE FROM sensor_data WHERE time >= $1 AND time < $2 AND sensor_id = 's0'`],
    ['changed', `UPDATE sensor_data SET temperature = 0 WHERE time >= $1 AND time < $2`],
    [
      'added late',
      `INSERT INTO sensor_data SELECT $1::timestamptz + interval '1 minute', 's0', 0, 0, 0 WHERE $2::timestamptz IS NOT NULL`,
    ],
  ])('are named at every level when rows were %s, and no more after a refresh', async (_how, sql) => {
    await runSql(api.url, sql, tenToEleven);
    expect(await staleIn(hourly)).toEqual([tenToEleven]);
    expect(await staleIn(daily)).toEqual([dayTwo]);
    expect(await staleIn(`${SERIES}&bucket=6h&from=${at(0)}&to=${at(6 * DAY)}`)).toEqual([tenToEleven]);
    expect(await staleIn(`${SERIES}&bucket=1w&from=${at(0)}&to=${at(6 * DAY)}`)).toEqual([dayTwo]);
    const average = `/api/series/sensor_data/moving-average?field=temperature&window=6h&bucket=1h&from=${at(0)}&to=${at(6 * DAY)}`;
    expect(await staleIn(average)).toEqual([tenToEleven]);
    // Only what was asked for.
    expect(await staleIn(`/api/sensors/s0/hourly?from=${at(0)}&to=${at(DAY)}`)).toEqual([]);
    expect(await staleIn(`/api/sensors/s0/hourly?from=${at(DAY + 10.5 * HOUR)}&to=${at(6 * DAY)}`)).toEqual([
      tenToEleven,
    ]);
    for (const format of ['csv', 'ndjson'])
      expect((await ask(`${hourly}&format=${format}`)).headers['x-tsdb-stale']).toBe(tenToEleven.join('/'));
    // A refresh of the hours alone makes the hours right, and not yet the days.
    await runSql(api.url, `CALL refresh_continuous_aggregate('sensor_data_hourly', NULL, now())`);
    expect([await staleIn(hourly), await staleIn(daily)]).toEqual([[], [dayTwo]]);
    await runSql(api.url, `CALL refresh_continuous_aggregate('sensor_data_daily', NULL, now())`);
    expect(await staleIn(daily)).toEqual([]);
  });

  it('are not the buckets that the watermark has not reached, and not those whose chunks were dropped', async () => {
    await runSql(api.url, `INSERT INTO sensor_data VALUES (now(), 's0', 5, 5, 5)`);
    await runSql(api.url, `SELECT drop_chunks('sensor_data', older_than => $1::timestamptz)`, [at(3 * DAY)]);
    expect([await staleIn(hourly), await staleIn(daily)]).toEqual([[], []]);
    // A refresh that comes later notes them with the first bucket of the chunk behind them.
    await runSql(
      api.url,
      `CALL refresh_continuous_aggregate('sensor_data_hourly', now() - interval '3 days', now())`,
    );
    expect([await staleIn('/api/sensors/s0/hourly?period=2m'), await staleIn(daily)]).toEqual([[], []]);
    // A row that came after the drop made the chunk again: no hour of its day agrees with the rows that are there now.
    await runSql(api.url, `INSERT INTO sensor_data VALUES ($1, 's0', 5, 5, 5)`, [at(HOUR)]);
    expect(await staleIn(hourly)).toEqual([[at(0), at(DAY)]]);
  });

  it('are merged, and those that are many are counted', async () => {
    const each = (hours: readonly number[], sql: (time: string) => string) =>
      execute(api.url, ...hours.map((hour) => sql(`'${at(hour * HOUR)}'`)));
    const hours = Array.from({ length: 140 }, (_, hour) => hour);
    await each(hours, (time) => `UPDATE public.sensor_data SET temperature = 0 WHERE time = ${time}`);
    expect(await staleIn(hourly)).toEqual([[at(0), at(140 * HOUR)]]);
    await refreshAll(api.url);
    const apart = hours.filter((hour) => hour % 2 === 0);
    await each(apart, (time) => `DELETE FROM public.sensor_data WHERE time = ${time}`);
    const { freshness } = (await ask(hourly)).json();
    expect([freshness.stale.length, freshness.stale_count]).toEqual([70, 70]);
    const header = String((await ask(`${hourly}&format=csv`)).headers['x-tsdb-stale']);
    expect(header).toMatch(/^2\S+Z\/2\S+Z, .*, 50 more$/);
  });

  it('are answered exactly with source=raw', async () => {
    await runSql(
      api.url,
      `DELETE FROM sensor_data WHERE time >= $1 AND time < $2 AND sensor_id = 's0'`,
      tenToEleven,
    );
    const range = `bucket=1d&by=sensor_id&from=${at(0)}&to=${at(6 * DAY)}`;
    const [stored, raw] = [await ask(`${SERIES}&${range}`), await ask(`${SERIES}&${range}&source=raw`)].map(
      (one) => one.json(),
    );
    const exact = await select<object>(
      api.url,
      `SELECT public.time_bucket('1 day', time) AS time, sensor_id, avg(temperature) AS avg_temperature FROM public.sensor_data GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(raw).toMatchObject({ source: 'sensor_data', freshness: null, kept_since: null });
    expect(raw.data).toEqual(
      JSON.parse(JSON.stringify(exact)).map((row: { time: string }) => ({
        ...row,
        time: row.time.replace('.000Z', 'Z'),
      })),
    );
    expect(stored).toMatchObject({ source: 'sensor_data_daily', freshness: { stale_count: 1 } });
    expect(stored.data).not.toEqual(raw.data);
    const old = (await ask(`${SERIES}&bucket=1d&period=1y&source=raw`)).json();
    expect([old.source, Date.parse(old.kept_since) > Date.now() - 91 * DAY]).toEqual(['sensor_data', true]);
    for (const path of [
      'moving-average?window=6h&bucket=1h&',
      'moving-average?window=6h&',
      'summary?',
      'anomalies?',
    ])
      expect(
        (await ask(`/api/series/sensor_data/${path}field=temperature&source=raw&from=${at(0)}`)).json()
          .source,
      ).toBe('sensor_data');
    expect((await ask('/api/series/sensor_data/latest?source=raw')).json().source).toBe('sensor_data');
  });
});
