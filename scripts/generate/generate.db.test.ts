// Sample data that is interrupted: nothing is written, or what is missing is made up by the next apply.
import { desiredFrom } from '../../db/language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { iot } from '../../db/schema/iot';
import { withConnection } from '../../db/server/connection';
import { applied, applySets, planSets, select } from '../../db/testing/apply';
import { readStatus } from '../../db/upkeep/status';
import { hasReadings, lastDays, refreshSeeded, seed } from './generate';

const desired = desiredFrom([iot]);
const series = { ...lastDays(2, 600), sensors: 2, intervalSeconds: 600, seed: 1 };
const AGGREGATES = ['sensor_data_hourly', 'sensor_data_daily', 'sensor_data_monthly', 'peak_hours'];

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'seed on %s',
  (engine, server) => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await createTestDatabase(server, applied([iot]));
    });
    afterEach(() => database.drop());

    it('leaves nothing and a usable connection when it is aborted', async () => {
      await withConnection(database.url, async (db) => {
        const stop = new AbortController();
        const running = seed({ db, engine, desired }, { ...series, sensors: 999 }, stop.signal);
        setImmediate(() => stop.abort());
        await expect(running).rejects.toMatchObject({ name: 'AbortError' });
        await expect(seed({ db, engine, desired }, series, AbortSignal.abort())).rejects.toMatchObject({
          name: 'AbortError',
        });
        expect(await hasReadings(db)).toBe(false);
        expect(await seed({ db, engine, desired }, series)).toBe(2 * 288);
      });
    });

    it('has its aggregates filled by the next apply when it dies before they are', async () => {
      await withConnection(database.url, (db) => seed({ db, engine, desired }, series));
      const plan = await planSets(database.url, [iot]);
      expect(plan.steps.map((step) => step.id)).toEqual(
        AGGREGATES.map((name) => `backfill-aggregate:public.${name}`),
      );
      await applySets(database.url, [iot]);
      const { aggregates } = await withConnection(database.url, (db) => readStatus(db, desired));
      expect(
        aggregates.find(({ aggregate }) => aggregate === 'public.sensor_data_hourly')?.watermark,
      ).not.toBeNull();
    });

    it('leaves nothing to do after its refresh', async () => {
      await withConnection(database.url, async (db) => {
        await seed({ db, engine, desired }, series);
        await refreshSeeded({ db, engine }, desired.aggregates);
      });
      expect((await planSets(database.url, [iot])).steps).toEqual([]);
    });

    it('counts what only an aggregate still holds as readings', async () => {
      await withConnection(database.url, async (db) => {
        await seed({ db, engine, desired }, series);
        await refreshSeeded({ db, engine }, desired.aggregates);
        await db.query('DELETE FROM public.sensor_data');
        expect(await select(database.url, 'SELECT FROM public.sensor_data LIMIT 1')).toEqual([]);
        // The completed hours are stored, and the coarser aggregates are made of them.
        expect(await hasReadings(db)).toBe(true);
      });
    });
  },
);
