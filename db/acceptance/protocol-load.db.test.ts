// Applies while others write, while jobs run, while somebody holds a lock: in sync, and not one row lost.

import { setTimeout as sleep } from 'node:timers/promises';
import { schemaSet } from '../language/schema-set';
import { testServers, withJobs } from '../local/test-servers';
import { waitFor } from '../local/testing/wait';
import { dialectOf } from '../model';
import { withConnection } from '../server/connection';
import { applySets, execute, planSets, select } from '../testing/apply';
import { applyPlant, countRows, plantDatabase, ROWS, readJobs } from '../testing/load-plant';
import { startWriters } from '../testing/load-writers';
import { metricTable, plant, type Variation } from '../testing/sets';
import { runDueJobs } from '../upkeep/jobs';

const ROUNDS: readonly Variation[] = [
  { extraColumn: true, withoutRetention: true, chunkInterval: '12 hours', realTime: false },
  { extraColumn: true, withoutRetention: true, extraIndex: true, realTime: true },
  { extraColumn: true, withoutRetention: true, extraIndex: true, chunkInterval: '7 days', realTime: false },
];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it('changes tables that are written to and worked on by jobs every second', async () => {
    const database = await plantDatabase(withJobs(server));
    // Retention would rightly delete what is written far in the past.
    await applySets(database.url, [schemaSet('plant', [metricTable({ withoutRetention: true })])]);
    const writers = startWriters(database.url);
    const scheduler = startScheduler(database.url);
    const retries: string[] = [];
    const onRetry = ({ reason }: { reason: string }): void => void retries.push(reason);
    let restored = 0;
    await applyPlant(database.url, { withoutRetention: true }, { onRetry });
    for (const variation of ROUNDS) {
      await runJobsEverySecond(database.url);
      await seeJobsRun(database.url);
      const { jobs } = await readJobs(database.url, engine);
      const { pausedJobs } = await applyPlant(database.url, { ...variation, ...EVERY_SECOND }, { onRetry });
      restored += pausedJobs.length;
      expect(pausedJobs.length).toBeGreaterThan(0);
      expect(await readJobs(database.url, engine)).toEqual({ jobs, paused: [] });
    }
    await scheduler.stop();
    const { acknowledged, retries: writerRetries, longestMs } = await writers.stop();
    process.stderr.write(
      `load on ${engine}: ${acknowledged} rows, longest insert ${longestMs} ms, writers tried again ${JSON.stringify(writerRetries)}, apply tried again ${retries.length} times, ${restored} jobs paused and restored\n`,
    );
    expect((await planSets(database.url, [plant({ ...ROUNDS.at(-1), ...EVERY_SECOND })])).steps).toEqual([]);
    expect(acknowledged).toBeGreaterThan(300);
    expect(await countRows(database.url)).toBe(ROWS + acknowledged);
    await database.drop();
  });

  const EVERY_SECOND: Variation = { refreshEvery: '1 second' };

  // Schedules that are not declared are not compared, so that these stay.
  async function runJobsEverySecond(url: string): Promise<void> {
    await execute(
      url,
      engine !== 'timescaledb'
        ? `UPDATE tsdb.job SET schedule_interval = '1 second', next_start = now() WHERE (kind, object_name) <> ('refresh', 'metric_daily')`
        : `SELECT public.alter_job(id, schedule_interval => INTERVAL '1 second', next_start => now(), timezone => timezone)
             FROM _timescaledb_catalog.bgw_job WHERE id >= 1000 AND NOT (proc_name LIKE '%refresh%' AND schedule_interval = INTERVAL '1 day')`,
    );
  }

  const RUNS = {
    postgres: 'SELECT coalesce(sum(total_runs), 0)::int AS runs FROM tsdb.job',
    timescaledb:
      'SELECT coalesce(sum(total_runs), 0)::int AS runs FROM timescaledb_information.job_stats WHERE job_id >= 1000',
  };

  /** Waits until two more runs of any job have ended; a new database's scheduler takes some seconds to start. */
  async function seeJobsRun(url: string): Promise<void> {
    const countRuns = async (): Promise<number> =>
      (await select<{ runs: number }>(url, RUNS[dialectOf(engine)]))[0]?.runs ?? 0;
    const before = await countRuns();
    await waitFor('two runs of jobs', async () => (await countRuns()) >= before + 2, { everyMs: 100 });
  }

  /** On TimescaleDB the server runs the jobs by itself. */
  function startScheduler(url: string): { stop(): Promise<void> } {
    let stopping = engine === 'timescaledb';
    const failed: string[] = [];
    const loop = async (): Promise<void> => {
      while (!stopping) {
        const runs = await withConnection(url, runDueJobs);
        failed.push(...runs.flatMap(({ job, error }) => (error ? [`${job}: ${error}`] : [])));
        await sleep(50);
      }
    };
    const running = loop();
    return {
      async stop() {
        stopping = true;
        await running;
        expect(failed).toEqual([]);
      },
    };
  }

  it('lets two applies at once take turns', async () => {
    const database = await plantDatabase(server);
    const reports = await Promise.all([applyPlant(database.url, {}), applyPlant(database.url, {})]);
    expect(reports.map(({ applied }) => applied.length).sort((a, b) => a - b)[0]).toBe(0);
    expect((await planSets(database.url, [plant()])).steps).toEqual([]);
    expect(await countRows(database.url)).toBe(ROWS);
    await database.drop();
  });

  it('waits for a lock in short turns, and goes on when it is free', async () => {
    const database = await plantDatabase(server, {});
    const reasons: string[] = [];
    await withConnection(database.url, async (holder) => {
      await holder.query('BEGIN');
      await holder.query('SELECT count(*) FROM plant.metric');
      await applyPlant(
        database.url,
        { extraColumn: true },
        {
          onRetry: ({ reason }, step) => {
            reasons.push(`${step?.id}: ${reason}`);
            void holder.query('COMMIT');
          },
        },
      );
    });
    expect(reasons).toEqual([
      'add-column:plant.metric.unit: canceling statement due to lock timeout (55P03)',
    ]);
    expect(
      await select(database.url, `SELECT retries FROM tsdb.journal WHERE step LIKE 'add-column%'`),
    ).toEqual([{ retries: 1 }]);
    await database.drop();
  });

  it('gives up a lock that is never free with the way out, and restores the jobs', async () => {
    const database = await plantDatabase(server, {});
    const before = await readJobs(database.url, engine);
    const stop = new AbortController();
    await withConnection(database.url, async (holder) => {
      await holder.query('BEGIN');
      await holder.query('SELECT count(*) FROM plant.metric');
      await expect(
        applyPlant(database.url, { extraColumn: true }, { signal: stop.signal, onRetry: () => stop.abort() }),
      ).rejects.toMatchObject({
        exitCode: 1,
        message: expect.stringMatching(/add-column.*55P03.*Another session holds a lock.*pg_stat_activity/s),
      });
    });
    expect(await readJobs(database.url, engine)).toEqual(before);
    await database.drop();
  });
});
