// A database with the table of set `plant`, rows in it, and ways to count what must not get lost.
import { desiredFrom } from '../language/desired';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, type Template, type TestDatabase, type TestServer } from '../local/test-servers';
import { type Dialect, dialectOf, type EngineName } from '../model';
import { type ApplyOptions, type ApplyReport, applySchema } from '../reconcile/apply';
import { applied, applySets, execute, select } from './apply';
import { metricTable, plant, type Variation } from './sets';

export const ROWS = 2_000;
/** Those of them that the daily aggregate stores, whenever it is filled in: the others are of its unfinished day. */
export const STORED_ROWS = 1_900;

const table = applied([schemaSet('plant', [metricTable()])]);
// Part of the key, as rows are inserted when the template is built: one that a worker finds is never older than a day.
const today = Math.floor(Date.now() / 86_400_000);

/** The table with rows of the last 21 days, and no aggregates yet; with a variation, all of that. */
export const plantDatabase = (server: TestServer, variation?: Variation): Promise<TestDatabase> =>
  createTestDatabase(server, plantTemplate(server.engine, variation));

const plantTemplate = (engine: EngineName, variation?: Variation): Template => ({
  key: ['plant', today, variation],
  base: table,
  build: async (url) => {
    await insertRows(url, engine);
    if (variation) await applySets(url, [plant(variation)]);
  },
});

/** Applies the set with a variation, accepting the locks that it needs. */
export const applyPlant = (
  url: string,
  variation: Variation,
  options: Partial<ApplyOptions> = {},
): Promise<ApplyReport> =>
  applySchema(url, desiredFrom([plant(variation)]), {
    allow: ['blocks-writes', 'blocks-reads', 'long-running', 'rewrites-data'],
    lockWaitMs: 30_000,
    ...options,
  });

/**
 * Inserts them. None is near the end of what the daily aggregate stores, which is the last midnight but one: databases that are
 * filled at different times hold equally many stored rows, also when the day changes in between.
 */
export async function insertRows(url: string, engine: EngineName): Promise<void> {
  if (engine !== 'timescaledb')
    await execute(
      url,
      `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '21 days', now() + interval '1 day')`,
    );
  await execute(
    url,
    `INSERT INTO plant.metric SELECT now() - CASE WHEN n <= ${STORED_ROWS} THEN interval '2 days' + n * interval '14 minutes' ELSE n * interval '-1 millisecond' END,
            'device ' || n % 3, n FROM generate_series(1, ${ROWS}) n`,
  );
}

/** Rows of the table. */
export const countRows = async (url: string): Promise<number> =>
  (await select<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM plant.metric'))[0]?.rows ?? -1;

const STORED: Readonly<Record<Dialect, string>> = {
  timescaledb: `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
                  FROM timescaledb_information.continuous_aggregates WHERE view_name = 'metric_daily'`,
  postgres: `SELECT format('tsdb.%I', materialization) AS name FROM tsdb.continuous_aggregate WHERE view_name = 'metric_daily'`,
};

/** Rows that the daily aggregate has stored. */
export async function countStored(url: string, engine: EngineName): Promise<number> {
  const [table] = await select<{ name: string }>(url, STORED[dialectOf(engine)]);
  const [sum] = await select<{ rows: number }>(url, `SELECT sum(rows)::int AS rows FROM ${table?.name}`);
  return sum?.rows ?? 0;
}

const JOBS: Readonly<Record<Dialect, string>> = {
  timescaledb: `SELECT format('%s %s every %s scheduled=%s %s retry %s of %s %s start %s', j.id, j.proc_name, j.schedule_interval, j.scheduled, j.timezone,
                              j.retry_period, j.max_retries, j.config, j.initial_start) AS job
                  FROM _timescaledb_catalog.bgw_job j WHERE j.id >= 1000 ORDER BY 1`,
  postgres: `SELECT format('%s %s of %s', job_id, kind, object_name) AS job FROM tsdb.job ORDER BY 1`,
};

/** Everything that describes a job, one line each; `paused` are the ids that an apply holds off. */
export async function readJobs(
  url: string,
  engine: EngineName,
): Promise<{ readonly jobs: readonly string[]; readonly paused: readonly number[] }> {
  const jobs = await select<{ job: string }>(url, JOBS[dialectOf(engine)]);
  const paused = await select<{ job_id: number }>(url, 'SELECT job_id FROM tsdb.paused_job ORDER BY 1');
  return { jobs: jobs.map(({ job }) => job), paused: paused.map(({ job_id }) => job_id) };
}
