// A database from before set `iot` had the extremes of humidity and pressure: it gets them in place, and loses nothing.
import { continuousAggregate } from '../language/aggregate';
import type { Expression } from '../language/expressions';
import { rollup } from '../language/rollup';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { sensorData, sensorDataDaily, sensorDataHourly, sensorDataMonthly } from '../schema/iot';
import { applied, applySets, execute, planSets, select } from '../testing/apply';

const NEW = ['min_humidity', 'max_humidity', 'min_pressure', 'max_pressure'];

/** The set as it was. */
function earlier(): SchemaSet {
  const { bucket, realTime, refresh, retention, select: all } = sensorDataHourly;
  const figures = Object.entries(all).filter(([name]) => !NEW.includes(name));
  const hourly = continuousAggregate('sensor_data_hourly', {
    from: sensorData,
    bucket,
    groupBy: ['sensor_id'],
    select: Object.fromEntries(figures) as Record<string, Expression<never>>,
    realTime,
    refresh,
    ...(retention === undefined ? {} : { retention }),
  });
  const daily = rollup('sensor_data_daily', {
    from: hourly,
    bucket: '1 day',
    refresh: sensorDataDaily.refresh,
    retention: '5 years',
  });
  const monthly = rollup('sensor_data_monthly', {
    from: daily,
    bucket: '1 month',
    refresh: sensorDataMonthly.refresh,
  });
  return schemaSet('iot', [sensorData, hourly, daily, monthly]);
}

/** The new set without what is not about readings. */
const now = schemaSet('iot', [sensorData, sensorDataHourly, sensorDataDaily, sensorDataMonthly]);

const LEVELS = ['hourly', 'daily', 'monthly'] as const;

describe.each(testServers())('the extremes of set iot on $describe', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server, applied([earlier()], 'all jobs'));
  });
  afterAll(() => database.drop());

  const rowsOf = (level: string): Promise<object[]> =>
    select(database.url, `SELECT * FROM public.sensor_data_${level} ORDER BY bucket, sensor_id`);
  const withoutNew = (rows: readonly object[]): readonly object[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !NEW.includes(name))));

  it('come in place, without consent; what cannot be computed any more stays NULL, and nothing else changes', async () => {
    await execute(
      database.url,
      `INSERT INTO public.sensor_data SELECT public.time_bucket('1 day', now()) - n * interval '5 hours', 's' || n % 3,
         n % 40, CASE WHEN n % 4 > 0 THEN n % 70 END, 1000 + n % 30 FROM generate_series(1, 24 * 30) n`,
      ...LEVELS.map(
        (level) => `CALL public.refresh_continuous_aggregate('public.sensor_data_${level}', NULL, now())`,
      ),
      // What retention does. Daily buckets are gone or there as a whole, as the chunks are as long.
      server.engine === 'timescaledb'
        ? `SELECT public.drop_chunks('public.sensor_data', older_than => now() - interval '60 days')`
        : `SELECT tsdb.drop_expired('public', 'sensor_data', now() - interval '60 days')`,
    );
    const before = await Promise.all(LEVELS.map(rowsOf));
    const [{ since } = { since: '' }] = await select<{ since: string }>(
      database.url,
      `SELECT public.time_bucket('1 day', min(time)) AS since FROM public.sensor_data`,
    );

    const plan = await planSets(database.url, [now]);
    expect(plan.refusals).toEqual([]);
    expect(plan.steps.map(({ id }) => id)).toEqual(
      LEVELS.flatMap((level) => [
        `add-aggregate-columns:public.sensor_data_${level}:${NEW.join(',')}`,
        `backfill-aggregate:public.sensor_data_${level}`,
      ]),
    );
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    expect(plan.steps[1]?.summary).toMatch(/; new columns stay NULL in \d+ buckets before/);
    await applySets(database.url, [now]);

    const after = await Promise.all(LEVELS.map(rowsOf));
    expect(after.map(withoutNew)).toEqual(before);
    for (const [level, width] of [
      ['hourly', '1 hour'],
      ['daily', '1 day'],
    ] as const) {
      const wrong = await select(
        database.url,
        `SELECT a.* FROM public.sensor_data_${level} a
           LEFT JOIN (SELECT public.time_bucket('${width}', time) AS bucket, sensor_id, min(humidity) AS a, max(humidity) AS b, min(pressure) AS c, max(pressure) AS d
                        FROM public.sensor_data GROUP BY 1, 2) r USING (bucket, sensor_id)
          WHERE (a.min_humidity, a.max_humidity, a.min_pressure, a.max_pressure) IS DISTINCT FROM (r.a, r.b, r.c, r.d)`,
      );
      expect([level, wrong]).toEqual([level, []]);
    }
    const [{ unknown, known } = { unknown: 0, known: 0 }] = await select<{ unknown: number; known: number }>(
      database.url,
      `SELECT count(*) FILTER (WHERE bucket < $1 AND min_pressure IS NULL)::int AS unknown,
              count(*) FILTER (WHERE bucket >= $1 AND min_pressure IS NOT NULL)::int AS known FROM public.sensor_data_daily`,
      [since],
    );
    expect([unknown > 100, known > 100]).toEqual([true, true]);
  });
});
