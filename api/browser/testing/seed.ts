// What the page shows in tests: one sensor with an outlier, a gap, a threshold and an alert, and many other sensors.
import { refreshAll, runSql } from '../../testing/fixture';

const MINUTE = 60_000;

/** The readings of `sensor_001`: one each ten minutes, for twenty hours up to now, with two hours missing. */
export interface Seed {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** Ends of the gap: the last reading before it and the first one after it. */
  readonly gap: { readonly from: number; readonly to: number };
  /** A temperature far from the others, above the maximum, with an alert. */
  readonly outlier: { readonly time: number; readonly temperature: number };
  readonly maximum: number;
  /** Ids of the other sensors, each with one reading. */
  readonly others: readonly string[];
}

const STEPS = 120;
const OUTLIER_AT = 100;
const GAP = { from: 60, to: 72 };

/** Writes the readings and refreshes the aggregates. */
export async function seed(url: string): Promise<Seed> {
  // A whole second, so that times are the same text everywhere; not the future, as it is rounded down.
  const now = Math.floor(Date.now() / 1000) * 1000;
  const timeOf = (step: number) => now - (STEPS - step) * 10 * MINUTE;
  const steps = Array.from({ length: STEPS }, (_one, step) => step).filter(
    (step) => step <= GAP.from || step >= GAP.to,
  );
  const outlier = { time: timeOf(OUTLIER_AT), temperature: 80 };
  const rows = steps.map((step) => ({
    time: new Date(timeOf(step)).toISOString(),
    temperature: step === OUTLIER_AT ? outlier.temperature : temperatureOf(step),
    humidity: 50 + (step % 7),
    pressure: 1000 + (step % 5),
  }));
  await runSql(
    url,
    `INSERT INTO sensor_data SELECT time, 'sensor_001', temperature, humidity, pressure
       FROM json_to_recordset($1) AS row(time timestamptz, temperature float8, humidity float8, pressure float8)`,
    [JSON.stringify(rows)],
  );
  const others = Array.from({ length: 300 }, (_one, at) => `unit_${String(at).padStart(3, '0')}`);
  await runSql(
    url,
    `INSERT INTO sensor_data SELECT $1::timestamptz - interval '2 hours', id, 10, 20, 1000 FROM unnest($2::text[]) AS id`,
    [new Date(now).toISOString(), others],
  );
  const maximum = 30;
  await runSql(url, 'INSERT INTO sensor_thresholds VALUES ($1, $2, NULL, $3)', [
    'sensor_001',
    'temperature',
    maximum,
  ]);
  await runSql(url, 'INSERT INTO sensor_alerts VALUES ($1, $2, $3, $4, $5, $6)', [
    new Date(outlier.time).toISOString(),
    'sensor_001',
    'temperature_high',
    'too warm',
    outlier.temperature,
    maximum,
  ]);
  await refreshAll(url);
  const gap = { from: timeOf(GAP.from), to: timeOf(GAP.to) };
  return { times: steps.map(timeOf), gap, outlier, maximum, others };
}

/** A slow wave, whole numbers of tenths. */
const temperatureOf = (step: number): number => Math.round(200 + 20 * Math.sin(step / 8)) / 10;
