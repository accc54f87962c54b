// Short ways to plan and apply in tests.
import { type ApplyReport, applySchema } from '../apply';
import { withConnection } from '../connection';
import type { SchemaSet } from '../define';
import { desiredFrom } from '../desired';
import type { HazardName, Plan } from '../model';
import { makePlan } from '../plan';

/** Applies sets, accepting the given hazards only. */
export const applySets = (
  url: string,
  sets: readonly SchemaSet[],
  allow: readonly HazardName[] = [],
): Promise<ApplyReport> => applySchema(url, desiredFrom(sets), { allow, lockWaitMs: 30_000 });

/** Plans sets. */
export const planSets = (url: string, sets: readonly SchemaSet[]): Promise<Plan> =>
  withConnection(url, (db) => makePlan(db, desiredFrom(sets)));

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

/** Stops TimescaleDB's own retention jobs, so that they do not run between the lines of a test. Nothing to do elsewhere. */
export async function pauseRetention(url: string): Promise<void> {
  const [extension] = await select(url, `SELECT FROM pg_extension WHERE extname = 'timescaledb'`);
  if (extension === undefined) return;
  const jobs = `FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'`;
  await execute(url, `SELECT public.alter_job(job_id, scheduled => false) ${jobs}`);
  const running = `SELECT FROM timescaledb_information.job_stats s JOIN timescaledb_information.jobs j USING (job_id)
                    WHERE s.job_status = 'Running' AND j.proc_name = 'policy_retention'`;
  while ((await select(url, running)).length > 0);
}
