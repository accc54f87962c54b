// Real input: a year of hourly weather normals goes in, and the API's daily averages are those of the file.
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { buildApp } from '../../api/app';
import { readConfig } from '../../api/config';
import { openDatabase } from '../../api/database/database';
import { desiredFrom } from '../../db/language/desired';
import {
  createTestDatabase,
  type Template,
  type TestDatabase,
  testServers,
} from '../../db/local/test-servers';
import { iot, sensorData } from '../../db/schema/iot';
import { applied, select } from '../../db/testing/apply';
import { importRows } from './import';
import type { ImportOptions, ImportReport } from './options';
import { parseMapping } from './read/mapping';
import { plainOptions } from './testing/plain-options';

const WEATHER = join(__dirname, '../../node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv');
// The file's year is 2010. It becomes the last whole year, which is within a period of three years also after a new year's night.
const YEARS = new Date().getUTCFullYear() - 1 - 2010;

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'import on %s',
  (engine, server) => {
    let database: TestDatabase;
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'tsdb-import-'));
    });
    afterEach(async () => {
      rmSync(folder, { recursive: true });
      await database?.drop();
    });
    const begin = async (template: Template = empty): Promise<void> => {
      database = await createTestDatabase(server, template);
    };

    const importInto = (connection: string, options: Partial<ImportOptions>): Promise<ImportReport> =>
      importRows(
        { connection, engine, desired: desiredFrom([iot]) },
        {
          ...plainOptions(WEATHER, sensorData),
          mapping: parseMapping(sensorData, 'time=date', ['sensor_id=seattle']),
          shift: `${YEARS} years`,
          allowExpired: true,
          rejects: join(folder, 'rejects.ndjson'),
          ...options,
        },
      );
    const run = (options: Partial<ImportOptions>): Promise<ImportReport> => importInto(database.url, options);

    const empty = applied([iot], 'retention');
    /** A year takes seconds, and two tests are about what comes after it. */
    const withTheYear: Template = {
      key: ['seattle', YEARS],
      base: empty,
      build: async (url) => {
        await importInto(url, {});
      },
    };

    const rows = async (): Promise<number | undefined> =>
      (
        await select<{ rows: number }>(database.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')
      )[0]?.rows;

    /** Writes a file and imports it with its own column names. */
    const runText = (text: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> => {
      const file = join(folder, 'readings.csv');
      writeFileSync(file, text);
      return run({ file, mapping: {}, shift: '0', ...options });
    };

    it('gives the daily averages of the file through the API', async () => {
      await begin();
      const expected = await dailyAverages(WEATHER);
      const report = await run({});
      expect(report).toMatchObject({
        rows: 8759,
        from: `${2010 + YEARS}-01-01T01:00:00.000000Z`,
        to: `${2010 + YEARS}-12-31T23:00:00.000000Z`,
      });

      const config = readConfig({ DATABASE_URL: database.url });
      const connections = openDatabase(config);
      const app = buildApp({ database: connections, config });
      try {
        const response = await app.inject({ url: '/api/sensors/seattle/daily?period=3y' });
        expect(response.statusCode).toBe(200);
        const { data } = response.json<{
          data: { bucket: string; avg_temperature: number; avg_pressure: number; reading_count: number }[];
        }>();
        expect(data).toHaveLength(365);
        for (const day of data) {
          const want = expected.get(day.bucket.slice(5, 10));
          expect(day).toMatchObject({
            reading_count: want?.count,
            avg_temperature: expect.closeTo(want?.temperature ?? Number.NaN, 9),
            avg_pressure: expect.closeTo(want?.pressure ?? Number.NaN, 9),
          });
        }
      } finally {
        await app.close();
        await connections.end();
      }
    }, 60_000);

    it('refuses rows that retention would delete, unless told', async () => {
      await begin();
      await expect(run({ allowExpired: false })).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(/of 8759 rows .* older than the 90 days .*--allow-expired/),
      });
      expect(await rows()).toBe(0);
    });

    it('refuses the same import twice, unless told', async () => {
      await begin(withTheYear);
      await expect(run({})).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringContaining('--again'),
      });
      expect(await rows()).toBe(8759);
      await run({ again: true });
      expect(await rows()).toBe(2 * 8759);
    });

    it('refuses old rows that no aggregate could take any more', async () => {
      await begin(withTheYear);
      const mapping = { time: { field: 'date' }, sensor_id: { constant: 'portland' } };
      await expect(run({ mapping })).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringContaining('whose rows are gone or past retention already'),
      });
      expect(await rows()).toBe(8759);
    });

    it('keeps NULL, quotes, separators and text that COPY treats specially', async () => {
      await begin();
      const time = new Date().toISOString();
      await runText(
        `time,sensor_id,temperature,humidity,extra\n${time},"a,""b""\\N\\t",21.5,,ignored\n${time},"two\nlines",,40,\n`,
      );
      expect(
        await select(
          database.url,
          'SELECT sensor_id, temperature, humidity, pressure FROM public.sensor_data ORDER BY 1',
        ),
      ).toEqual([
        { sensor_id: 'a,"b"\\N\\t', temperature: 21.5, humidity: null, pressure: null },
        { sensor_id: 'two\nlines', temperature: null, humidity: 40, pressure: null },
      ]);
    });

    it('reads times without a zone in the zone that is given', async () => {
      await begin();
      await runText('time,sensor_id\n2026-07-01T12:00:00,a\n', { zone: 'Europe/Berlin' });
      expect(
        await select(
          database.url,
          `SELECT to_char(time AT TIME ZONE 'UTC', 'HH24:MI') AS utc FROM public.sensor_data`,
        ),
      ).toEqual([{ utc: '10:00' }]);
    });

    it.each([
      [
        'a value of the wrong type',
        'time,sensor_id,temperature\n2026-11-01,a,1\n2026-11-01,a,warm\n',
        /line 3, column temperature: invalid input syntax.*"warm".*nothing was imported/,
      ],
      ['a missing required value', 'time,sensor_id\n2026-11-01,\n', /null value in column "sensor_id"/],
      [
        'a text that is too long',
        `time,sensor_id\n2026-11-01,${'x'.repeat(51)}\n`,
        /line 2, column sensor_id: value too long/,
      ],
      [
        'a row with too few fields',
        'time,sensor_id\n2026-11-01\n',
        /line 2, the row has 1 field, and there are 2 columns/,
      ],
      ['an open quote', 'time,sensor_id\n"2026-11-01,a\n', /line 2: a quote is opened and not closed/],
      ['an empty file', '', /is empty/],
      [
        'no time column',
        'date,sensor_id\n2026-11-01,a\n',
        /nothing fills the time column time.*--map time=date/,
      ],
    ])('refuses %s and leaves nothing behind', async (_name, text, message) => {
      await begin();
      await expect(runText(text)).rejects.toThrow(message);
      expect(await rows()).toBe(0);
      expect(await select(database.url, 'SELECT FROM tsdb.import')).toEqual([]);
    });

    it.each([
      ['a file that is not there', { file: '/nowhere/x.csv' }, /cannot read|\/nowhere\/x.csv/],
      ['an unknown zone', { zone: 'Mars/Olympus' }, /--zone Mars\/Olympus/],
      ['a shift that is no interval', { shift: 'later' }, /--shift later/],
    ])('names the flag for %s', async (_name, options, message) => {
      await begin();
      await expect(run(options)).rejects.toThrow(message);
      expect(await rows()).toBe(0);
    });
  },
);

describe('parseMapping', () => {
  it('names every fault', () => {
    expect(() => parseMapping(sensorData, 'time=date,tmp=t,=x', ['time=now', 'sensor_id'])).toThrow(
      /--map tmp=t: sensor_data has no column tmp[^\n]*\n--map =x: write column=…\n--set time=now: column time is given twice\n--set sensor_id: write column=…/,
    );
  });
});

/** Month and day → averages, straight from the file. */
async function dailyAverages(
  file: string,
): Promise<ReadonlyMap<string, { count: number; temperature: number; pressure: number }>> {
  const sums = new Map<string, { count: number; temperature: number; pressure: number }>();
  for await (const record of createReadStream(file).pipe(parse({ columns: true }))) {
    const { date, temperature, pressure } = record as Record<'date' | 'temperature' | 'pressure', string>;
    const day = date.slice(5, 10);
    const sum = sums.get(day) ?? { count: 0, temperature: 0, pressure: 0 };
    sums.set(day, {
      count: sum.count + 1,
      temperature: sum.temperature + Number(temperature),
      pressure: sum.pressure + Number(pressure),
    });
  }
  return new Map(
    [...sums].map(([day, { count, temperature, pressure }]) => [
      day,
      { count, temperature: temperature / count, pressure: pressure / count },
    ]),
  );
}
