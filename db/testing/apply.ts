// Short ways to plan and apply in tests, and databases that begin with applied sets.
import type { Desired } from '../language/desired';
import { desiredFrom } from '../language/desired';
import type { SchemaSet } from '../language/schema-set';
import type { Template } from '../local/test-servers';
import type { HazardName, Plan, PlanOptions } from '../model';
import { type ApplyOptions, type ApplyReport, applySchema } from '../reconcile/apply';
import { makePlan } from '../reconcile/plan';
import { withConnection } from '../server/connection';

/** Applies sets, accepting the given hazards only. */
export const applySets = (
  url: string,
  sets: readonly SchemaSet[],
  allow: readonly HazardName[] = [],
  options: Partial<ApplyOptions> = {},
): Promise<ApplyReport> => applySchema(url, desiredFrom(sets), { allow, lockWaitMs: 30_000, ...options });

/** Which of TimescaleDB's own jobs a template pauses, so that they do not run between the lines of a test. */
export type Paused = 'retention' | 'all jobs';

/** The extension, where the server has loaded it: creating it costs more than the rest of most applies. */
const extended: Template = {
  key: 'extension',
  build: async (url) => {
    const loaded = `SELECT FROM pg_settings WHERE name = 'shared_preload_libraries' AND setting ~ 'timescaledb'`;
    if ((await select(url, loaded)).length > 0)
      await execute(url, 'CREATE EXTENSION timescaledb SCHEMA public');
  },
};

/** A schema as an apply leaves it in an empty database. */
export const appliedSchema = (desired: Desired, paused?: Paused): Template => ({
  key: ['applied', desired, paused],
  base: extended,
  build: async (url) => {
    await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
    if (paused !== undefined) await pauseJobs(url, paused === 'retention' ? 'policy_retention' : undefined);
  },
});

/** The same of sets. */
export const applied = (sets: readonly SchemaSet[], paused?: Paused): Template =>
  appliedSchema(desiredFrom(sets), paused);

/** Plans sets. */
export const planSets = (url: string, sets: readonly SchemaSet[], options: PlanOptions = {}): Promise<Plan> =>
  withConnection(url, (db) => makePlan(db, desiredFrom(sets), options));

/** Runs statements, one at a time. */
export const execute = (url: string, ...statements: readonly string[]): Promise<void> =>
  withConnection(url, async (db) => {
    for (const statement of statements) await db.query(statement);
  });

/** The rows of a query. */
export const select = <Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> => withConnection(url, async (db) => (await db.query<Row>(sql, [...values])).rows);

/** Stops all jobs of the schema, or those of one procedure, and waits for those that run. Nothing to do elsewhere. */
export async function pauseJobs(url: string, procedure?: string): Promise<void> {
  const [extension] = await select(url, `SELECT FROM pg_extension WHERE extname = 'timescaledb'`);
  if (extension === undefined) return;
  const ours = `FROM timescaledb_information.jobs j WHERE j.job_id >= 1000 AND j.proc_name = coalesce($1, j.proc_name)`;
  await select(url, `SELECT public.alter_job(j.job_id, scheduled => false) ${ours}`, [procedure]);
  const running = `SELECT FROM timescaledb_information.job_stats s WHERE s.job_status = 'Running' AND s.job_id IN (SELECT j.job_id ${ours})`;
  while ((await select(url, running, [procedure])).length > 0);
}
