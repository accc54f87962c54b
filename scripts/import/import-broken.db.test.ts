// Imports whose connections break, that end between two of their steps, or that run twice at a time: each row once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desiredFrom } from '../../db/language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot, sensorData } from '../../db/schema/iot';
import { applied, select } from '../../db/testing/apply';
import { importRows } from './import';
import type { ImportReport, Watcher } from './options';
import { plainOptions } from './testing/plain-options';

const ROWS = 60_000;
const START = Math.floor(Date.now() / 86_400_000 - 20) * 86_400_000;
const CSV = `time,sensor_id,temperature\n${Array.from(
  { length: ROWS },
  (_, n) => `${new Date(START + n * 5_000).toISOString()},sensor_${n % 7},${n}\n`,
).join('')}`;

// The session that brings the second batch hangs, twice, until it is cut: an import on a quick machine is not over before.
const HOLD_TWICE = `
  CREATE SEQUENCE public.held;
  CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF nextval('public.held') < 3 THEN PERFORM pg_sleep(3600); END IF; RETURN new; END $$;
  CREATE TRIGGER hold AFTER INSERT ON tsdb.import_batch FOR EACH ROW WHEN (new.number = 1) EXECUTE FUNCTION public.hold()`;

// Also those beside it, whatever they are at. It waits for their end, so that none is counted twice.
const CUT_WHEN_HELD = `
  SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'COPY|import_batch'
     AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`;

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'a broken import on %s',
  (engine, server) => {
    let database: TestDatabase;
    let folder: string;
    let file: string;

    beforeEach(async () => {
      database = await createTestDatabase(server, applied([iot], 'retention'));
      folder = mkdtempSync(join(tmpdir(), 'tsdb-import-'));
      file = join(folder, 'readings.csv');
      writeFileSync(file, CSV);
    });
    afterEach(async () => {
      rmSync(folder, { recursive: true });
      await database.drop();
    });

    const run = (watcher: Watcher = {}): Promise<ImportReport> =>
      importRows(
        { connection: database.url, engine, desired: desiredFrom([iot]) },
        plainOptions(file, sensorData),
        watcher,
      );

    // Every temperature is another number, so that count, sum and number of different ones tell each row once.
    async function expectEachOnce(): Promise<void> {
      expect(
        await select(
          database.url,
          `SELECT count(*)::int AS rows, count(DISTINCT temperature)::int AS different, sum(temperature)::float8 AS sum,
             (SELECT sum(reading_count)::int FROM public.sensor_data_hourly) AS hourly,
             (SELECT string_agg(state, ',') FROM tsdb.import) AS state FROM public.sensor_data`,
        ),
      ).toEqual([{ rows: ROWS, different: ROWS, sum: (ROWS * (ROWS - 1)) / 2, hourly: ROWS, state: 'done' }]);
    }

    it('opens its connections again when they are cut, and sends again what was not committed', async () => {
      const notes: string[] = [];
      await select(database.url, HOLD_TWICE);
      const cutTwice = async (): Promise<void> => {
        for (const time of ['first', 'second'])
          await waitFor(`the import is held for the ${time} time`, async () => {
            return (await select(database.url, CUT_WHEN_HELD)).length > 0;
          });
      };
      const [report] = await Promise.all([run({ onNote: (text) => notes.push(text) }), cutTwice()]);
      expect(report).toMatchObject({ rows: ROWS, rejected: 0 });
      expect(notes.join('\n')).toContain('trying again');
      expect(await select(database.url, 'SELECT last_value::int AS tries FROM public.held')).toEqual([
        { tries: 3 },
      ]);
      await expectEachOnce();
    });

    it.each(['loaded', 'done'])('goes on when it ended just before it was %s', async (state) => {
      await select(
        database.url,
        `CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END $$;
         CREATE TRIGGER cut AFTER UPDATE ON tsdb.import FOR EACH ROW WHEN (new.state = '${state}') EXECUTE FUNCTION public.cut()`,
      );
      await expect(run()).rejects.toThrow(/terminat|closed|ended/i);
      expect(await select(database.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')).toEqual([
        { rows: ROWS },
      ]);
      await select(database.url, 'DROP TRIGGER cut ON tsdb.import');
      expect(await run()).toMatchObject({ rows: ROWS, resumed: 3 });
      await expectEachOnce();
    });

    it('of two at a time lets one write', async () => {
      const both = await Promise.allSettled([run(), run()]);
      const failed = both.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
      expect(failed).toEqual([expect.stringMatching(/under way in another process|was imported into/)]);
      await expectEachOnce();
    });
  },
);
