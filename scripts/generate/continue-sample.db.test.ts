// Sample data that goes on: no reading is missing or twice, and the aggregates hold what the raw rows say.
import { desiredFrom } from '../../db/language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { iot } from '../../db/schema/iot';
import { withConnection } from '../../db/server/connection';
import { applied, planSets, select } from '../../db/testing/apply';
import { continueSample } from './continue-sample';
import { lastDays, refreshSeeded, seed } from './generate';
import { iotSample } from './sets/iot';

const desired = desiredFrom([iot]);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const TEN_DAYS_AGO = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 10 * DAY_MS);
const later = (ms: number): Date => new Date(TEN_DAYS_AGO.getTime() + ms);

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'sample data that goes on, on %s',
  (engine, server) => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await createTestDatabase(server, applied([iot], 'all jobs'));
    });
    afterEach(() => database.drop());

    const continued = (now: Date): Promise<number | undefined> =>
      withConnection(database.url, (db) =>
        continueSample({ db, engine, desired }, iotSample, { lockWaitMs: 1_000, now }),
      );
    /** Two sensors with a reading every ten minutes over two days. */
    const seeded = (): Promise<void> =>
      withConnection(database.url, async (db) => {
        const range = lastDays(2, 600, TEN_DAYS_AGO);
        await seed({ db, engine, desired }, { ...range, sensors: 2, intervalSeconds: 600, seed: 1 });
        await refreshSeeded({ db, engine }, desired.aggregates);
      });
    const counts = async (): Promise<object> => {
      const [row] = await select<object>(
        database.url,
        `SELECT (SELECT count(*)::int FROM public.sensor_data) AS readings,
                (SELECT count(DISTINCT (sensor_id, time))::int FROM public.sensor_data) AS different,
                (SELECT sum(reading_count)::int FROM public.sensor_data_hourly) AS "inHours",
                (SELECT sum(reading_count)::int FROM public.sensor_data_daily) AS "inDays",
                (SELECT count(*)::int FROM tsdb.pending_refresh) AS pending`,
      );
      return row ?? {};
    };
    const all = (readings: number): object => ({
      readings,
      different: readings,
      inHours: readings,
      inDays: readings,
      pending: 0,
    });

    it('writes one reading of each sensor per interval, and leaves nothing to do', async () => {
      await seeded();
      expect(await continued(later(10 * MINUTE_MS))).toBe(2);
      expect(await continued(later(19 * MINUTE_MS))).toBe(0);
      expect(await continued(later(30 * MINUTE_MS))).toBe(4);
      expect(await counts()).toEqual(all(2 * 288 + 6));
      expect((await planSets(database.url, [iot])).steps).toEqual([]);
    });

    it('makes up for days at once, with the aggregates refreshed over them', async () => {
      await seeded();
      expect(await continued(later(5 * DAY_MS))).toBe(2 * 5 * 144);
      expect(await counts()).toEqual(all(2 * 7 * 144));
      const newest = `SELECT max(bucket) >= $1::timestamptz AS stored FROM public.sensor_data_daily`;
      expect(await select(database.url, newest, [later(4 * DAY_MS).toISOString()])).toEqual([
        { stored: true },
      ]);
      expect((await planSets(database.url, [iot])).steps).toEqual([]);
    });

    it('finishes the refresh that an interrupted run has left', async () => {
      await seeded();
      await select(
        database.url,
        `INSERT INTO tsdb.pending_refresh (aggregate) VALUES ('public.sensor_data_hourly')`,
      );
      expect(await continued(later(10 * MINUTE_MS))).toBe(2);
      expect(await counts()).toEqual(all(2 * 288 + 2));
    });

    it('writes nothing where there is no sample data', async () => {
      expect(await continued(later(DAY_MS))).toBeUndefined();
      expect(await counts()).toMatchObject({ readings: 0 });
    });
  },
);
