// Pauses the background jobs of a database for a move, and resumes them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, dialectOf, type EngineName } from '../../db/model';
import { withTransaction } from '../../db/server/connection';
import { withRetry } from '../../db/server/retry';
import { SCHEMA } from './state';

// Jobs that somebody else has paused stay paused. alter_job() erases the time zone unless it is given.
const PAUSE = {
  timescaledb: `
    WITH paused AS (
      INSERT INTO ${SCHEMA}.paused_job (job_id)
      SELECT j.id FROM _timescaledb_catalog.bgw_job j WHERE j.id >= 1000 AND j.scheduled AND pg_has_role(j.owner, 'MEMBER')
      ON CONFLICT DO NOTHING RETURNING job_id)
    SELECT public.alter_job(j.id, scheduled => false, timezone => j.timezone) FROM paused p JOIN _timescaledb_catalog.bgw_job j ON j.id = p.job_id`,
  postgres: `
    WITH paused AS (
      INSERT INTO ${SCHEMA}.paused_job (job_id, next_start)
      SELECT job_id, next_start FROM tsdb.job WHERE next_start < 'infinity' ON CONFLICT DO NOTHING RETURNING job_id)
    UPDATE tsdb.job j SET next_start = 'infinity' FROM paused p WHERE p.job_id = j.job_id`,
};

const RESUME = {
  timescaledb: `
    WITH paused AS (DELETE FROM ${SCHEMA}.paused_job WHERE job_id <> ALL ($1) RETURNING job_id)
    SELECT public.alter_job(j.id, scheduled => true, timezone => j.timezone)
      FROM paused p JOIN _timescaledb_catalog.bgw_job j ON j.id = p.job_id AND NOT j.scheduled`,
  postgres: `
    WITH paused AS (DELETE FROM ${SCHEMA}.paused_job WHERE job_id <> ALL ($1) RETURNING *)
    UPDATE tsdb.job j SET next_start = p.next_start FROM paused p WHERE p.job_id = j.job_id AND j.next_start = 'infinity'`,
};

/** Pauses all jobs, and waits for those that run. */
export async function pauseAll(db: Db, engine: EngineName): Promise<void> {
  await withRetry(() => withTransaction(db, () => db.query(PAUSE[dialectOf(engine)])));
  if (engine !== 'timescaledb') return;
  for (;;) {
    const { rows } = await db.query(
      `SELECT FROM timescaledb_information.job_stats WHERE job_status = 'Running' AND job_id IN (SELECT job_id FROM ${SCHEMA}.paused_job)`,
    );
    if (rows.length === 0) return;
    await sleep(200);
  }
}

/** Resumes the jobs that the move has paused, except those that shall stay paused. */
export async function resumeJobs(db: Db, engine: EngineName, except: readonly number[] = []): Promise<void> {
  await withRetry(() => withTransaction(db, () => db.query(RESUME[dialectOf(engine)], [except])));
}
