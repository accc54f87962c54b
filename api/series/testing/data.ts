// Rows for tests of series: three tables with gaps, NULLs and equal times, partly newer than the last refresh.
import type { Desired } from '../../../db/language/desired';
import { withConnection, withRollback } from '../../../db/server/connection';
import { readServer } from '../../../db/server/server-info';
import { refreshAggregates } from '../../../db/upkeep/refresh';
import { runSql } from '../../testing/fixture';
import { randomNumbers } from '../../testing/random';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A row of `sensor_data`. */
export interface SensorRow {
  readonly time: number;
  readonly sensor_id: string;
  readonly temperature: number | null;
  readonly humidity: number | null;
}

/** Readings of four sensors over 70 days before `now`; times are whole seconds. */
export function sensorRows(now: number): readonly SensorRow[] {
  const random = randomNumbers(1);
  return Array.from({ length: 4_000 }, (_, at) => ({
    // Half of them within the last three days; a hole of two days in between.
    time: Math.floor((now - (at % 2 ? random() * 3 * DAY : 5 * DAY + random() * 65 * DAY)) / 1_000) * 1_000,
    sensor_id: `sensor_00${1 + Math.floor(random() * 4)}`,
    temperature: random() < 0.1 ? null : Math.round((random() * 60 - 20) * 100) / 100,
    humidity: random() < 0.2 ? null : Math.round(random() * 1_000) / 10,
  }));
}

/** The present of the seeded rows: long ago, so that the true time of day makes no difference. */
export const SEEDED_AT = Date.parse('2026-03-02T11:37:00Z');
/** Begins a bucket of every aggregate's width: none of them is half stored, which would hide the rows that come after. */
const STORED_TO = Date.parse('2026-03-01T00:00:00Z');

/** Fills `sensor_data`, `apm.apm_metrics` and `market.stock_prices`; all but the rows of the last day and a half are refreshed. */
export async function seedSeries(url: string, desired: Desired): Promise<readonly SensorRow[]> {
  const rows = sensorRows(SEEDED_AT);
  await insertSensorRows(
    url,
    rows.filter(({ time }) => time < STORED_TO),
  );
  await seedRequests(url, SEEDED_AT);
  await seedPrices(url, SEEDED_AT);
  // An end is rounded up to whole buckets.
  await refreshEvery(url, desired, STORED_TO - 1);
  await insertSensorRows(
    url,
    rows.filter(({ time }) => time >= STORED_TO),
  );
  return rows;
}

/**
 * Refreshes every aggregate up to an instant; without one up to now. TimescaleDB's own jobs refresh the last days at any
 * moment, and older rows that were written before are not seen from then on.
 */
export async function refreshEvery(
  url: string,
  { aggregates }: Pick<Desired, 'aggregates'>,
  to?: number,
): Promise<void> {
  await withConnection(url, async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    await refreshAggregates(db, engine, aggregates, to === undefined ? {} : { to: new Date(to) });
  });
}

/** Adds readings. */
export async function insertSensorRows(url: string, rows: readonly SensorRow[]): Promise<void> {
  await runSql(
    url,
    'INSERT INTO sensor_data (time, sensor_id, temperature, humidity) SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::float8[], $4::float8[])',
    [
      rows.map(({ time }) => new Date(time).toISOString()),
      rows.map(({ sensor_id }) => sensor_id),
      rows.map(({ temperature }) => temperature),
      rows.map(({ humidity }) => humidity),
    ],
  );
}

async function seedRequests(url: string, now: number): Promise<void> {
  const random = randomNumbers(2);
  const rows = Array.from({ length: 3_000 }, () => [
    new Date(now - HOUR - random() * 3 * DAY).toISOString(),
    ['shop', 'search', 'login'][Math.floor(random() * 3)],
    ['/', '/a', '/b'][Math.floor(random() * 3)],
    random() < 0.05 ? null : Math.floor(random() * 900),
    [200, 404, 500][Math.floor(random() * 3)],
  ]);
  await runSql(
    url,
    'INSERT INTO apm.apm_metrics SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[], $5::int[])',
    [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])),
  );
}

async function seedPrices(url: string, now: number): Promise<void> {
  const random = randomNumbers(3);
  // Every time only once per symbol, as the first and the last of equals would be anybody's choice.
  const rows = Array.from({ length: 1_500 }, (_, at) => [
    new Date(now - HOUR - at * 5 * HOUR - Math.floor(random() * HOUR)).toISOString(),
    ['AAPL', 'MSFT', 'IBM'][at % 3],
    ...Array.from({ length: 4 }, () => Math.round(random() * 10_000) / 100),
    Math.floor(random() * 1e9),
  ]);
  await runSql(
    url,
    'INSERT INTO market.stock_prices SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::bigint[])',
    [0, 1, 2, 3, 4, 5, 6].map((column) => rows.map((row) => row[column])),
  );
}
