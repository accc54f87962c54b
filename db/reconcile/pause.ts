// Pauses background jobs while an apply works on their tables, and restores them afterwards, even after a crash.
import { type Db, type Dialect, dialectOf, type EngineName, type Plan, type Step } from '../model';
import { withTransaction } from '../server/connection';
import { withRetry } from '../server/retry';
import { hasExtension } from '../server/server-info';

// Locks that are weaker than SHARE, which inserts and jobs do not conflict with.
const WEAK_LOCKS = /ACCESS SHARE|SHARE UPDATE EXCLUSIVE|(?<!SHARE )ROW (SHARE|EXCLUSIVE)/g;

/** Names of the objects whose jobs must be paused, because the plan locks the objects against writes or fills them. */
export function objectsToQuieten(plan: Pick<Plan, 'steps'>): readonly string[] {
  const needsQuiet = ({ action, transactional, lock }: Step): boolean =>
    action === 'run' || !transactional || /SHARE|EXCLUSIVE/.test(lock.replace(WEAK_LOCKS, ''));
  return [...new Set(plan.steps.filter(needsQuiet).map(({ object }) => object))];
}

// A family is a table with all aggregates that are built on it, directly or not: a refresh reads its source, and replacing a
// source also replaces its dependents. Jobs that somebody else has paused stay paused. alter_job() erases the time zone unless
// it is given, and keeps next_start.
const PAUSE: Readonly<Record<Dialect, string>> = {
  timescaledb: `
    WITH RECURSIVE family AS (
      (SELECT h.id FROM _timescaledb_catalog.hypertable h WHERE format('%s.%s', h.schema_name, h.table_name) = ANY ($1)
       UNION
       SELECT c.mat_hypertable_id FROM _timescaledb_catalog.continuous_agg c WHERE format('%s.%s', c.user_view_schema, c.user_view_name) = ANY ($1))
      UNION
      SELECT CASE c.raw_hypertable_id WHEN f.id THEN c.mat_hypertable_id ELSE c.raw_hypertable_id END
        FROM family f JOIN _timescaledb_catalog.continuous_agg c ON f.id IN (c.raw_hypertable_id, c.mat_hypertable_id)
    ), paused AS (
      INSERT INTO tsdb.paused_job (job_id, run)
      SELECT j.id, $2 FROM _timescaledb_catalog.bgw_job j JOIN family f ON f.id = j.hypertable_id
       WHERE j.scheduled AND j.proc_schema = '_timescaledb_functions' AND pg_has_role(j.owner, 'MEMBER')
      ON CONFLICT DO NOTHING RETURNING job_id
    )
    SELECT a.job_id AS id FROM paused p JOIN _timescaledb_catalog.bgw_job j ON j.id = p.job_id,
           LATERAL public.alter_job(j.id, scheduled => false, timezone => j.timezone) a ORDER BY 1`,
  // Here the scheduler (jobs.ts) reads tsdb.paused_job, so nothing else has to be changed.
  postgres: `
    WITH RECURSIVE family AS (
      SELECT unnest($1::text[]) AS name
      UNION
      SELECT CASE f.name WHEN format('%s.%s', a.source_schema, a.source_name) THEN format('%s.%s', a.schema_name, a.view_name)
                         ELSE format('%s.%s', a.source_schema, a.source_name) END
        FROM family f JOIN tsdb.continuous_aggregate a
          ON f.name IN (format('%s.%s', a.source_schema, a.source_name), format('%s.%s', a.schema_name, a.view_name))
    ), paused AS (
      INSERT INTO tsdb.paused_job (job_id, run)
      SELECT j.job_id, $2 FROM tsdb.job j JOIN family f ON f.name = format('%s.%s', j.schema_name, j.object_name)
      ON CONFLICT DO NOTHING RETURNING job_id
    )
    SELECT job_id AS id FROM paused ORDER BY 1`,
};

/** Statements that restore every job that an apply has paused. A job that was dropped or enabled in the meantime is left alone. */
export const RESTORE: Readonly<Record<Dialect, string>> = {
  timescaledb: `WITH paused AS (DELETE FROM tsdb.paused_job RETURNING job_id)
SELECT a.job_id AS id FROM paused p JOIN _timescaledb_catalog.bgw_job j ON j.id = p.job_id AND NOT j.scheduled,
       LATERAL public.alter_job(j.id, scheduled => true, timezone => j.timezone) a ORDER BY 1`,
  postgres: 'DELETE FROM tsdb.paused_job RETURNING job_id AS id',
};

/** Pauses the jobs of the named objects, of their sources and of their dependents. Returns the ids of the paused jobs. */
export async function pauseJobs(
  db: Db,
  engine: EngineName,
  run: string,
  objects: readonly string[],
): Promise<readonly number[]> {
  if (objects.length === 0 || !(await hasCatalog(db, engine))) return [];
  return withRetry(async () => {
    const { rows } = await db.query<{ id: number }>(PAUSE[dialectOf(engine)], [objects, run]);
    return rows.map((row) => row.id);
  });
}

/** Restores all paused jobs. The caller must hold the lock, because a running apply of somebody else needs its jobs paused. */
export async function restoreJobs(db: Db): Promise<readonly number[]> {
  const paused = await readPaused(db);
  if (paused.jobs.length === 0) return [];
  return withRetry(() =>
    withTransaction(db, async () => {
      await db.query('SET LOCAL lock_timeout = 5000');
      const { rows } = await db.query<{ id: number }>(RESTORE[dialectOf(paused.engine)]);
      return rows.map((row) => row.id);
    }),
  );
}

/** Jobs that an apply has paused, whether it still runs or not. */
export async function readPaused(
  db: Db,
): Promise<{ readonly engine: Dialect; readonly jobs: readonly number[] }> {
  const { rows: found } = await db.query<{ tracked: boolean; extension: boolean }>(
    `SELECT to_regclass('tsdb.paused_job') IS NOT NULL AS tracked,
            EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb') AS extension`,
  );
  const engine = found[0]?.extension ? 'timescaledb' : 'postgres';
  if (!found[0]?.tracked) return { engine, jobs: [] };
  const { rows } = await db.query<{ job_id: number }>('SELECT job_id FROM tsdb.paused_job ORDER BY 1');
  return { engine, jobs: rows.map((row) => row.job_id) };
}

// In the first apply a step creates the extension, so before that there are no jobs to pause.
async function hasCatalog(db: Db, engine: EngineName): Promise<boolean> {
  return engine !== 'timescaledb' || hasExtension(db, 'timescaledb');
}
