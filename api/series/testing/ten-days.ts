// Ten days of readings of two sensors, with holes, and the requests about them; for tests of series.
import { desiredFrom } from '../../../db/language/desired';
import type { Template, TestServer } from '../../../db/local/test-servers';
import { selectSets } from '../../../db/schema/sets';
import { type ApiUnderTest, startApi } from '../../testing/api-under-test';
import { randomNumbers } from '../../testing/random';
import { insertSensorRows, refreshEvery, type SensorRow } from './data';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Days that lie weeks back, so that nothing depends on the time of the day; the first one is a Monday. */
export const start = Math.floor((Date.now() - 40 * DAY) / (7 * DAY)) * 7 * DAY + 4 * DAY; // 1970-01-05 was a Monday
const end = start + 10 * DAY;

/** A time as answers write it. */
export const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** The parameters of all ten days. */
export const tenDays = { from: iso(start), to: iso(end) } as const;

/** Parameters of a request; several values of one are sent one by one. */
export type Parameters = Readonly<Record<string, string | readonly string[]>>;

/** Parameters as they stand in an address. */
export const queryOf = (parameters: Parameters): string =>
  new URLSearchParams(
    Object.entries(parameters).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    ),
  ).toString();

/** Readings every 20 minutes: none on the third day, and only of sensor `a` on the fifth. */
export const rows: readonly SensorRow[] = readings();

/** The API over the readings and their aggregates, with at most 1600 rows per answer. */
export const startSeries = (server: TestServer): Promise<ApiUnderTest> =>
  startApi(server, { env: { TSDB_SCHEMAS: SETS, TSDB_MAX_ROWS: '1600' }, content });

// The same for all suites, so that they share a template.
const SETS = 'iot,monitoring,metrics,service';

const content: Template = {
  key: ['ten days', start],
  build: async (url) => {
    await insertSensorRows(url, rows);
    await refreshEvery(url, desiredFrom(selectSets(SETS)));
  },
};

/** Asks for a series. */
export async function getSeries(api: ApiUnderTest, table: string, parameters: Parameters) {
  const answer = await api.get(`/api/series/${table}?${queryOf(parameters)}`);
  return { status: answer.statusCode, body: answer.json() };
}

function readings(): readonly SensorRow[] {
  const random = randomNumbers(11);
  const made: SensorRow[] = [];
  for (let time = start; time < end; time += HOUR / 3) {
    const day = Math.floor((time - start) / DAY);
    for (const sensor_id of day === 2 ? [] : day === 4 ? ['a'] : ['a', 'b']) {
      const temperature = random() < 0.1 ? null : Math.round(random() * 400) / 10;
      made.push({ time, sensor_id, temperature, humidity: Math.round(random() * 100) });
    }
  }
  return made;
}
