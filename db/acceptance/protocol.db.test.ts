// The rules of an apply: saved plans, time limits, jobs held off and given back.
import { desiredFrom } from '../language/desired';
import { testServers } from '../local/test-servers';
import { makePlan, parsePlan } from '../reconcile/plan';
import { withConnection, withReconcilerLock } from '../server/connection';
import { execute, planSets, select } from '../testing/apply';
import { applyPlant, plantDatabase, readJobs } from '../testing/load-plant';
import { plant } from '../testing/sets';
import { runDueJobs } from '../upkeep/jobs';

const EXTRA = { extraColumn: true };

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  describe('a saved plan', () => {
    it('is carried out while it fits, and refused when the database is in another state', async () => {
      const database = await plantDatabase(server, {});
      const saved = parsePlan(JSON.stringify(await planSets(database.url, [plant(EXTRA)])), 'plan.json');
      const report = await applyPlant(database.url, EXTRA, { saved });
      expect(report.applied).toEqual(['add-column:plant.metric.unit']);
      await expect(applyPlant(database.url, EXTRA, { saved })).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(/saved plan is stale.*tsdb -- plan --out/s),
      });
      await database.drop();
    });

    it('is refused for another database', async () => {
      const [one, other] = [await plantDatabase(server, {}), await plantDatabase(server, {})];
      const saved = await planSets(one.url, [plant(EXTRA)]);
      await expect(applyPlant(other.url, EXTRA, { saved })).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(/saved plan was made for database \S+.*check DATABASE_URL/s),
      });
      expect((await planSets(other.url, [plant(EXTRA)])).steps).toHaveLength(1);
      await Promise.all([one.drop(), other.drop()]);
    });

    it('stays good when only the jobs of an interrupted apply are restored in between', async () => {
      const database = await plantDatabase(server, {});
      await leavePaused(database.url);
      const saved = await planSets(database.url, [plant(EXTRA)]);
      expect(saved.steps.map(({ id }) => id)).toEqual(['restore-jobs:tsdb', 'add-column:plant.metric.unit']);
      const report = await applyPlant(database.url, EXTRA, { saved });
      expect(report.restoredJobs).toHaveLength(1);
      await database.drop();
    });
  });

  it('ends a step that takes too long, says how to allow more, and restores the jobs', async () => {
    const database = await plantDatabase(server, {});
    const before = await readJobs(database.url, engine);
    await execute(
      database.url,
      `CREATE FUNCTION plant.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.finished_at IS NOT NULL THEN PERFORM pg_sleep(5); END IF; RETURN NEW; END $$`,
      'CREATE TRIGGER dawdle BEFORE UPDATE ON tsdb.journal FOR EACH ROW EXECUTE FUNCTION plant.dawdle()',
    );
    await expect(applyPlant(database.url, EXTRA, { statementTimeoutMs: 200 })).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/57014.*took longer than 0.2 s.*TSDB_STEP_TIMEOUT_MS/s),
    });
    expect(await readJobs(database.url, engine)).toEqual(before);
    expect((await planSets(database.url, [plant(EXTRA)])).steps).toHaveLength(1);
    await database.drop();
  });

  it('pauses the jobs of the whole family, and only while it works', async () => {
    const database = await plantDatabase(server, {});
    const { jobs } = await readJobs(database.url, engine);
    const notes: string[] = [];
    const onNote = (text: string): void => void notes.push(text);
    let during: readonly number[] = [];
    // A reader holds the step up for long enough to look.
    const report = await withConnection(database.url, async (reader) => {
      await reader.query('BEGIN');
      await reader.query('SELECT count(*) FROM plant.metric');
      const onRetry = async (): Promise<void> => {
        during = (await readJobs(database.url, engine)).paused;
        await reader.query('COMMIT');
      };
      return applyPlant(database.url, EXTRA, { onNote, onRetry: () => void onRetry() });
    });
    expect(report.pausedJobs).toHaveLength(jobs.length);
    expect(during).toEqual(report.pausedJobs);
    expect(notes).toEqual([`paused the jobs of the tables that change: ${report.pausedJobs.join(', ')}`]);
    expect(await readJobs(database.url, engine)).toEqual({ jobs, paused: [] });
    await database.drop();
  });

  it('restores what a killed apply left paused, even when the plan is refused', async () => {
    const database = await plantDatabase(server, {});
    const { jobs } = await readJobs(database.url, engine);
    await leavePaused(database.url);
    await expect(applyPlant(database.url, { extraIndex: true }, { allow: [] })).rejects.toMatchObject({
      exitCode: 3,
    });
    expect(await readJobs(database.url, engine)).toEqual({ jobs, paused: [] });
    await database.drop();
  });

  it('does not take the pauses of an apply under way for left-overs', async () => {
    const database = await plantDatabase(server, {});
    await withConnection(database.url, (holder) =>
      withReconcilerLock(holder, 0, async () => {
        await leavePaused(database.url);
        expect((await planSets(database.url, [plant()])).steps).toEqual([]);
      }),
    );
    expect((await planSets(database.url, [plant()])).steps).toHaveLength(1);
    await database.drop();
  });

  if (engine !== 'timescaledb')
    it('holds the scheduler off while the apply lives, and no longer', async () => {
      const database = await plantDatabase(server, {});
      await execute(database.url, 'UPDATE tsdb.job SET next_start = now()');
      const all = (await readJobs(database.url, engine)).jobs.length;
      await execute(
        database.url,
        `INSERT INTO tsdb.paused_job (job_id, run) SELECT job_id, gen_random_uuid() FROM tsdb.job WHERE kind = 'refresh'`,
      );
      const run = async (): Promise<number> => (await withConnection(database.url, runDueJobs)).length;
      await withConnection(database.url, (holder) =>
        withReconcilerLock(holder, 0, async () => expect(await run()).toBe(all - 2)),
      );
      expect(await run()).toBe(2);
      await database.drop();
    });

  /** As an apply leaves it that was killed while it held one job off. */
  async function leavePaused(url: string): Promise<void> {
    await execute(
      url,
      engine !== 'timescaledb'
        ? 'INSERT INTO tsdb.paused_job (job_id, run) SELECT min(job_id), gen_random_uuid() FROM tsdb.job'
        : `WITH job AS (INSERT INTO tsdb.paused_job (job_id, run) SELECT min(id), gen_random_uuid() FROM _timescaledb_catalog.bgw_job WHERE id >= 1000 RETURNING job_id)
           SELECT public.alter_job(id, scheduled => false, timezone => timezone) FROM _timescaledb_catalog.bgw_job JOIN job ON id = job_id`,
    );
  }
});

it('reads its own plan from text', async () => {
  const [server] = testServers('postgres');
  const database = await plantDatabase(server as NonNullable<typeof server>);
  const made = await withConnection(database.url, (db) => makePlan(db, desiredFrom([plant()])));
  expect(parsePlan(JSON.stringify(made), 'x')).toEqual(made);
  expect(await select(database.url, 'SELECT FROM tsdb.journal WHERE finished_at IS NULL')).toEqual([]);
  await database.drop();
});
