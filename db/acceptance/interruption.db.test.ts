// Applies that are killed, cut off or fail: the next one ends in sync, with every row, and with jobs as they were.
import { createTestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applySets, execute, planSets, select } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { type Killer, withKiller } from '../testing/load-applier';
import {
  applyPlant,
  countRows,
  countStored,
  insertRows,
  plantDatabase,
  ROWS,
  readJobs,
  STORED_ROWS,
} from '../testing/load-plant';
import { endSession, untilBlocked } from '../testing/sessions';
import { plant, type Variation } from '../testing/sets';

const CHANGED: Variation = {
  extraColumn: true,
  extraIndex: true,
  chunkInterval: '7 days',
  realTime: false,
  refreshEvery: '30 minutes',
};

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  /** Every step is cut once: what dies at its commit is done, what dies before it is run again by the next child. */
  async function applyByDying(
    kill: Killer,
    url: string,
    point: 'statement' | 'commit',
    variation: Variation,
    afterKill: () => Promise<void>,
  ): Promise<number> {
    let kills = 0;
    while (await kill({ url, variation, point, step: point === 'commit' || kills === 0 ? 1 : 2 })) {
      kills += 1;
      await afterKill();
    }
    return kills;
  }

  it('ends in sync after SIGKILL in every step of a creation, with every row and the whole history', async () => {
    const reference = await plantDatabase(server, {});
    const catalog = await readCatalog(reference.url, engine);
    const stored = await countStored(reference.url, engine);
    expect(stored).toBe(STORED_ROWS);
    const points = ['statement', 'commit'] as const;
    await Promise.all(
      points.map((point) =>
        withKiller(async (kill) => {
          const database = await createTestDatabase(server);
          let inserted = 0;
          const kills = await applyByDying(kill, database.url, point, {}, async () => {
            if (inserted > 0) return expect(await countRows(database.url)).toBe(inserted);
            if (!(await hasTable(database.url))) return;
            await insertRows(database.url, engine);
            inserted = ROWS;
          });
          const steps = new Set((await journal(database.url)).map(({ step }) => step));
          expect(kills).toBeGreaterThanOrEqual(steps.size - 1);
          await applySets(database.url, [plant()]);
          expect((await planSets(database.url, [plant()])).steps).toEqual([]);
          expect(await readCatalog(database.url, engine)).toEqual(catalog);
          expect(await countRows(database.url)).toBe(ROWS);
          expect(await select(database.url, 'SELECT FROM tsdb.pending_refresh')).toEqual([]);
          expect(await countStored(database.url, engine)).toBe(stored);
          await database.drop();
        }),
      ),
    );
    await reference.drop();
  }, 120_000);

  it('ends in sync after SIGKILL in every step of a change, with the jobs as they were', async () => {
    const reference = await plantDatabase(server, {});
    await applySets(reference.url, [plant(CHANGED)], ['blocks-writes']);
    const catalog = await readCatalog(reference.url, engine);
    await reference.drop();
    await withKiller(async (kill) => {
      const database = await plantDatabase(server, {});
      await userPausesAJob(database.url);
      const { jobs } = await readJobs(database.url, engine);
      let paused = 0;
      const kills = await applyByDying(kill, database.url, 'statement', CHANGED, async () => {
        expect(await countRows(database.url)).toBe(ROWS);
        const left = await readJobs(database.url, engine);
        paused += left.paused.length;
        if (left.paused.length === 0) return;
        const [first] = (await planSets(database.url, [plant(CHANGED)])).steps;
        expect(first?.id).toBe('restore-jobs:tsdb');
      });
      expect(kills).toBeGreaterThanOrEqual(5);
      expect(paused).toBeGreaterThan(kills);
      await applySets(database.url, [plant(CHANGED)], ['blocks-writes']);
      expect(await readCatalog(database.url, engine)).toEqual(catalog);
      expect(await readJobs(database.url, engine)).toEqual({ jobs: changed(jobs), paused: [] });
      await database.drop();
    });
  }, 120_000);

  it('says that it continues, and which step was cut off', async () => {
    const database = await plantDatabase(server);
    await withKiller((kill) => kill({ url: database.url, variation: {}, point: 'statement', step: 2 }));
    const open = (await journal(database.url)).filter((row) => !row.finished);
    expect(open[0]).toMatchObject({ step: 'backfill-aggregate:plant.metric_hourly', started: true });
    const report = await applySets(database.url, [plant()]);
    expect(report).toMatchObject({ resumed: true, interrupted: ['backfill-aggregate:plant.metric_hourly'] });
    expect(report.applied[0]).toBe('backfill-aggregate:plant.metric_hourly');
    // Nothing is pruned: the open rows stay, and say who went on.
    expect((await journal(database.url)).filter((row) => !row.finished && row.taken)).toHaveLength(
      open.length,
    );
    expect(await applySets(database.url, [plant()])).toMatchObject({ resumed: false, interrupted: [] });
    await database.drop();
  });

  it('opens a session that is cut off again, in every step, and goes on', async () => {
    const database = await plantDatabase(server);
    const { jobs } = await readJobs(database.url, engine);
    // The first time, every step waits after its work and before its commit, for as long as it takes to cut it off there.
    await execute(
      database.url,
      'CREATE TABLE plant.cut_off (step text)',
      `CREATE FUNCTION plant.linger() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
         IF NEW.finished_at IS NOT NULL AND NOT EXISTS (SELECT FROM plant.cut_off c WHERE c.step = NEW.step) THEN
           PERFORM pg_advisory_xact_lock(1);
         END IF; RETURN NEW; END $$`,
      'CREATE TRIGGER linger BEFORE UPDATE ON tsdb.journal FOR EACH ROW EXECUTE FUNCTION plant.linger()',
    );
    const cut = new Set<string>();
    const losses: string[] = [];
    const cutOff = async (id: string): Promise<void> => {
      const { pid } = await untilBlocked(database.url, { on: 'advisory' });
      await select(database.url, 'INSERT INTO plant.cut_off VALUES ($1)', [id]);
      await endSession(database.url, pid);
    };
    const cuts: Promise<void>[] = [];
    const report = await withConnection(database.url, async (holder) => {
      await holder.query('SELECT pg_advisory_lock(1)');
      return applyPlant(database.url, CHANGED, {
        onStep: ({ id }) => {
          if (cut.has(id)) return;
          cut.add(id);
          cuts.push(cutOff(id));
        },
        onRetry: ({ recovery }) => losses.push(recovery),
      });
    });
    await Promise.all(cuts);
    expect(cut.size).toBeGreaterThanOrEqual(9);
    expect(losses).toEqual([...cut].map(() => 'reconnect'));
    expect(new Set(report.applied)).toEqual(cut);
    expect((await planSets(database.url, [plant(CHANGED)])).steps).toEqual([]);
    expect(await countRows(database.url)).toBe(ROWS);
    const after = await readJobs(database.url, engine);
    expect(after).toEqual({ jobs: expect.arrayContaining([...jobs]), paused: [] });
    await database.drop();
  });

  it('rolls a failing step back, keeps its error, and goes on from there', async () => {
    const database = await plantDatabase(server);
    await execute(
      database.url,
      `CREATE FUNCTION plant.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.step LIKE 'create-index%' AND NEW.finished_at IS NOT NULL THEN RAISE EXCEPTION 'no indexes today'; END IF; RETURN NEW; END $$`,
      'CREATE TRIGGER refuse BEFORE UPDATE ON tsdb.journal FOR EACH ROW EXECUTE FUNCTION plant.refuse()',
    );
    await expect(
      applySets(database.url, [plant({ extraIndex: true })], ['blocks-writes']),
    ).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/create-index:plant.metric\(value\) failed: no indexes today/),
    });
    const failed = (await journal(database.url)).filter(({ error }) => error !== null);
    expect(failed).toMatchObject([{ step: 'create-index:plant.metric(value)', error: 'no indexes today' }]);
    expect((await readJobs(database.url, engine)).paused).toEqual([]);
    await execute(database.url, 'DROP TRIGGER refuse ON tsdb.journal');
    const report = await applySets(database.url, [plant({ extraIndex: true })], ['blocks-writes']);
    expect(report).toMatchObject({ resumed: true, interrupted: [] });
    expect((await planSets(database.url, [plant({ extraIndex: true })])).steps).toEqual([]);
    await database.drop();
  });

  // A job the user has paused, in a time zone of its own: on engine postgres neither exists.
  async function userPausesAJob(url: string): Promise<void> {
    if (engine !== 'timescaledb') return;
    await execute(
      url,
      `SELECT public.alter_job(id, timezone => 'Europe/Berlin', scheduled => proc_name <> 'policy_retention')
         FROM _timescaledb_catalog.bgw_job WHERE id >= 1000`,
    );
  }
});

// The refresh policy of the hourly aggregate is changed by the plan; nothing else about any job is.
const changed = (jobs: readonly string[]): readonly unknown[] =>
  jobs.map((job) =>
    /every PT1H|every 01:00:00/.test(job) ? expect.stringMatching(/every (PT30M|00:30:00|PT1H)/) : job,
  );

const hasTable = async (url: string): Promise<boolean> =>
  (await select(url, `SELECT FROM pg_class WHERE oid = to_regclass('plant.metric')`)).length > 0;

const journal = (
  url: string,
): Promise<{ step: string; started: boolean; finished: boolean; taken: boolean; error: string | null }[]> =>
  select(
    url,
    `SELECT step, started_at IS NOT NULL AS started, finished_at IS NOT NULL AS finished, taken_over_by IS NOT NULL AS taken, error
       FROM tsdb.journal ORDER BY id`,
  );
