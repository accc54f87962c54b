// Runs the jobs of engine `postgres`; on TimescaleDB the server's own scheduler does this work, and is looked at.
import { messageOf } from '../core/errors';
import { ident, literal } from '../core/sql';
import { type JobHealth, readJobs } from '../engines/health';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { asking } from '../server/ask';
import { LOCK_IS_HELD, withTransaction } from '../server/connection';
import { withSavepoint } from '../server/savepoint';

export interface JobRun {
  readonly job: string;
  readonly milliseconds: number;
  /** Absent when the job succeeded. */
  readonly error?: string;
}

interface JobRow {
  readonly job_id: number;
  readonly kind: 'refresh' | 'retention' | 'chunks';
  readonly schema_name: string;
  readonly object_name: string;
  readonly start_offset: string | null;
  readonly end_offset: string | null;
  readonly drop_after: string | null;
  readonly materialization: string | null;
  readonly chunk_interval: string | null;
}

// How many chunks ahead of now exist at any time, so that an insert never waits for one to be made.
const CHUNKS_AHEAD = 2;

/**
 * Runs every job that is due, one after the other, each in a transaction of its own. Two schedulers share the work:
 * a job that another one is running is skipped. A failure is recorded on the job and does not stop the others.
 */
export async function runDueJobs(db: Db): Promise<readonly JobRun[]> {
  const runs: JobRun[] = [];
  for (let run = await runNext(db); run !== undefined; run = await runNext(db)) runs.push(run);
  return runs;
}

/** How TimescaleDB's jobs on the declared tables and aggregates are doing; empty before the first apply. */
export function checkJobs(db: Db, { hypertables, aggregates }: Desired): Promise<readonly JobHealth[]> {
  return readJobs(asking(db), 'timescaledb', [...hypertables, ...aggregates].map(nameOf));
}

/** Whether a job does not do its work. A paused one was stopped by somebody, and a new one has its turn still to come. */
export const needsPerson = ({ state }: JobHealth): boolean => state === 'failing' || state === 'late';

async function runNext(db: Db): Promise<JobRun | undefined> {
  return withTransaction(db, async () => {
    const job = await claim(db);
    if (job === undefined) return undefined;
    const started = Date.now();
    const error = await attempt(db, job);
    await record(db, job, error);
    const run = {
      job: `${job.kind} of ${job.schema_name}.${job.object_name}`,
      milliseconds: Date.now() - started,
    };
    return error === undefined ? run : { ...run, error };
  });
}

// A pause of tsdb.paused_job counts while its apply lives; after a crash jobs go on by themselves.
// By id: jobs were added sources first, so a coarse aggregate is refreshed after the fine one it reads.
async function claim(db: Db): Promise<JobRow | undefined> {
  const { rows } = await db.query<JobRow>(
    `SELECT j.job_id, j.kind, j.schema_name, j.object_name, j.start_offset::text, j.end_offset::text, j.drop_after::text,
            (SELECT a.materialization FROM tsdb.continuous_aggregate a WHERE (a.schema_name, a.view_name) = (j.schema_name, j.object_name)) AS materialization,
            (SELECT h.chunk_interval::text FROM tsdb.hypertable h WHERE (h.schema_name, h.table_name) = (j.schema_name, j.object_name)) AS chunk_interval
       FROM tsdb.job j
      WHERE j.next_start <= now() AND NOT (${LOCK_IS_HELD} AND EXISTS (SELECT FROM tsdb.paused_job p WHERE p.job_id = j.job_id))
      ORDER BY j.job_id LIMIT 1 FOR UPDATE OF j SKIP LOCKED`,
  );
  return rows[0];
}

async function attempt(db: Db, job: JobRow): Promise<string | undefined> {
  try {
    await withSavepoint(db, () => execute(db, job));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function execute(db: Db, job: JobRow): Promise<void> {
  const name = [job.schema_name, job.object_name] as const;
  switch (job.kind) {
    case 'refresh':
      await db.query(
        'CALL public.refresh_continuous_aggregate($1::regclass, now() - $2::interval, now() - $3::interval)',
        [ident(...name), job.start_offset, job.end_offset],
      );
      return;
    case 'retention':
      if (job.materialization === null)
        await db.query('SELECT tsdb.drop_expired($1, $2, now() - $3::interval)', [...name, job.drop_after]);
      else
        await db.query(
          `DELETE FROM ${ident('tsdb', job.materialization)} WHERE "bucket" < now() - $1::interval`,
          [job.drop_after],
        );
      return;
    case 'chunks':
      await db.query(
        `SELECT tsdb.ensure_chunks($1, $2, now(), now() + ${literal(String(CHUNKS_AHEAD))}::int * $3::interval)`,
        [...name, job.chunk_interval],
      );
      return;
  }
}

// After a failure the job is tried again in a minute rather than at its next turn.
async function record(db: Db, job: JobRow, error: string | undefined): Promise<void> {
  await db.query(
    `UPDATE tsdb.job SET last_started_at = now(), last_finished_at = clock_timestamp(), last_error = $2::text,
            total_runs = total_runs + 1, total_failures = total_failures + ($2::text IS NOT NULL)::int,
            next_start = clock_timestamp() + CASE WHEN $2::text IS NULL THEN schedule_interval ELSE least(schedule_interval, interval '1 minute') END
      WHERE job_id = $1`,
    [job.job_id, error ?? null],
  );
}
