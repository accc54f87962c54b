// A database with the table of set `plant`, rows in it, and ways to count what must not get lost.
import { type ApplyOptions, type ApplyReport, applySchema } from '../apply';
import { schemaSet } from '../define';
import { desiredFrom } from '../desired';
import { createTestDatabase, type TestDatabase, type TestServer } from '../local/test-servers';
import type { EngineName } from '../model';
import { applied, applySets, execute, select } from './apply';
import { metricTable, plant, type Variation } from './sets';

export const ROWS = 2_000;

/** The table with rows of the last 20 days, and no aggregates yet; with a variation, all of that. */
export async function plantDatabase(server: TestServer, variation?: Variation): Promise<TestDatabase> {
  const database = await createTestDatabase(server, applied([schemaSet('plant', [metricTable()])]));
  await insertRows(database.url, server.engine);
  if (variation) await applySets(database.url, [plant(variation)]);
  return database;
}

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

/** Inserts them. */
export async function insertRows(url: string, engine: EngineName): Promise<void> {
  if (engine === 'postgres')
    await execute(url, `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '20 days', now())`);
  await execute(
    url,
    `INSERT INTO plant.metric SELECT now() - n * interval '14 minutes', 'device ' || n % 3, n FROM generate_series(1, ${ROWS}) n`,
  );
}

/** Rows of the table. */
export const countRows = async (url: string): Promise<number> =>
  (await select<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM plant.metric'))[0]?.rows ?? -1;

const STORED: Readonly<Record<EngineName, string>> = {
  timescaledb: `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
                  FROM timescaledb_information.continuous_aggregates WHERE view_name = 'metric_daily'`,
  postgres: `SELECT format('tsdb.%I', materialization) AS name FROM tsdb.continuous_aggregate WHERE view_name = 'metric_daily'`,
};

/** Rows that the daily aggregate has stored: all but those of the unfinished day. */
export async function countStored(url: string, engine: EngineName): Promise<number> {
  const [table] = await select<{ name: string }>(url, STORED[engine]);
  const [sum] = await select<{ rows: number }>(url, `SELECT sum(rows)::int AS rows FROM ${table?.name}`);
  return sum?.rows ?? 0;
}

const JOBS: Readonly<Record<EngineName, string>> = {
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
  const jobs = await select<{ job: string }>(url, JOBS[engine]);
  const paused = await select<{ job_id: number }>(url, 'SELECT job_id FROM tsdb.paused_job ORDER BY 1');
  return { jobs: jobs.map(({ job }) => job), paused: paused.map(({ job_id }) => job_id) };
}
