// Runs the jobs of the engines `postgres` and `citus`. On TimescaleDB the server runs the jobs itself, and only their health is read.
import { messageOf } from '../core/errors';
import { ident, interval, literal } from '../core/sql';
import { type JobHealth, readJobs } from '../engines/health';
import { readStored } from '../engines/stored-aggregates';
import { type Desired, relationsOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { asking, boundText } from '../server/ask';
import { LOCK_IS_HELD, withTransaction } from '../server/connection';
import { withSavepoint } from '../server/savepoint';
import { isOverflow, type Timed } from '../server/uncarried-rows';
import { convertOldest } from './columnar';
import { type Bounds, describeKept, safeParts } from './history-guard';
import { describeOverflow, explainJobs } from './overflow';

export interface JobRun {
  readonly job: string;
  readonly milliseconds: number;
  /** Absent when the job succeeded. */
  readonly error?: string;
}

interface JobRow {
  readonly job_id: number;
  readonly kind: 'refresh' | 'retention' | 'chunks' | 'columnstore';
  readonly schema_name: string;
  readonly object_name: string;
  readonly start_offset: string | null;
  readonly end_offset: string | null;
  readonly drop_after: string | null;
  readonly materialization: string | null;
  readonly chunk_interval: string | null;
}

// So many chunks exist ahead of now, so that an insert never waits for a chunk to be created.
const CHUNKS_AHEAD = 2;

/**
 * Runs every job that is due, one after the other, each in its own transaction. Several schedulers can share the work, because a
 * job that another one is running is skipped. A failure is recorded with the job, and the other jobs still run.
 */
export async function runDueJobs(db: Db): Promise<readonly JobRun[]> {
  const runs: JobRun[] = [];
  for (let run = await runNext(db); run !== undefined; run = await runNext(db)) runs.push(run);
  return runs;
}

/** The health of TimescaleDB's jobs on the declared tables and aggregates; empty before the first apply. */
export async function checkJobs(db: Db, desired: Desired): Promise<readonly JobHealth[]> {
  const jobs = await readJobs(asking(db), 'timescaledb', relationsOf(desired).map(nameOf));
  return explainJobs(asking(db), 'timescaledb', desired, jobs);
}

/** Whether somebody should look at a job. A paused one was paused on purpose, and a new one has simply not run yet. */
export const needsPerson = ({ state }: JobHealth): boolean => state === 'failing' || state === 'late';

async function runNext(db: Db): Promise<JobRun | undefined> {
  return withTransaction(db, async () => {
    const job = await claim(db);
    if (job === undefined) return undefined;
    const started = Date.now();
    const { error, more } = await attempt(db, job);
    await record(db, job, error, more);
    const run = {
      job: `${job.kind} of ${job.schema_name}.${job.object_name}`,
      milliseconds: Date.now() - started,
    };
    return error === undefined ? run : { ...run, error };
  });
}

// A pause in tsdb.paused_job counts only while its apply runs, so after a crash the jobs run again. Jobs run in the order of their
// ids: they were added sources first, so an aggregate is refreshed after the aggregate that it reads.
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

interface Outcome {
  /** What a person should know; absent when the job succeeded. */
  readonly error?: string | undefined;
  /** Whether it has only done a part of its work, and is to run again at once. */
  readonly more?: boolean;
}

async function attempt(db: Db, job: JobRow): Promise<Outcome> {
  try {
    return await withSavepoint(db, () => execute(db, job));
  } catch (error) {
    if (job.kind !== 'refresh' || !isOverflow(error)) return { error: messageOf(error) };
    return {
      error: await withSavepoint(db, () => describeFailure(db, job, error)).catch(() => messageOf(error)),
    };
  }
}

async function describeFailure(db: Db, job: JobRow, error: unknown): Promise<string> {
  const { aggregate, states } = await readStored(db, 'postgres', `${job.schema_name}.${job.object_name}`);
  const { rows: sources } = await db.query<Timed>(
    `SELECT source_schema AS schema, source_name AS name, source_time AS time FROM tsdb.continuous_aggregate
      WHERE format('%s.%s', schema_name, view_name) = ANY ($1)
      ORDER BY array_position($1, format('%s.%s', schema_name, view_name))`,
    [[...states.keys()]],
  );
  const stretch = {
    from: `now() - ${interval(job.start_offset ?? '0')} - ${interval(aggregate.width)}`,
    to: 'now()',
  };
  return describeOverflow(
    asking(db),
    { name: aggregate.name, width: aggregate.width, sources },
    error,
    stretch,
  );
}

async function execute(db: Db, job: JobRow): Promise<Outcome> {
  const name = [job.schema_name, job.object_name] as const;
  switch (job.kind) {
    case 'refresh':
      return { error: await refreshWindow(db, job) };
    case 'retention':
      if (job.materialization === null)
        await db.query('SELECT tsdb.drop_expired($1, $2, now() - $3::interval)', [...name, job.drop_after]);
      else
        await db.query(
          `DELETE FROM ${ident('tsdb', job.materialization)} WHERE "bucket" < now() - $1::interval`,
          [job.drop_after],
        );
      return {};
    case 'chunks':
      await db.query(
        `SELECT tsdb.ensure_chunks($1, $2, now(), now() + ${literal(String(CHUNKS_AHEAD))}::int * $3::interval)`,
        [...name, job.chunk_interval],
      );
      return {};
    case 'columnstore':
      return convertOldest(db, {
        schema: job.schema_name,
        name: job.object_name,
        after: job.drop_after ?? '',
      });
  }
}

// Buckets whose source rows are gone are left out. That is told like a failure, because somebody may have to decide about them.
async function refreshWindow(
  db: Db,
  { schema_name, object_name, start_offset, end_offset }: JobRow,
): Promise<string | undefined> {
  const name = `${schema_name}.${object_name}`;
  const stored = await readStored(db, 'postgres', name);
  const width = interval(stored.aggregate.width);
  const refresh = (lower: string, upper: string, values: readonly unknown[]): Promise<unknown> =>
    db.query(`CALL public.refresh_continuous_aggregate($1::regclass, ${lower}, ${upper})`, [
      ident(schema_name, object_name),
      ...values,
    ]);
  // Whole buckets inside of the window, as the refresh itself takes them.
  const { rows } = await db.query<Bounds>(
    `SELECT ${boundText('lower')} AS "from", ${boundText('upper')} AS "to"
       FROM (SELECT public.time_bucket(${width}, w.from_time + ${width} - interval '1 microsecond') AS lower, public.time_bucket(${width}, w.to_time) AS upper
               FROM (SELECT now() - $1::interval AS from_time, now() - $2::interval AS to_time) w) range
      WHERE lower < upper`,
    [start_offset, end_offset],
  );
  const { parts, kept } = rows[0]
    ? await safeParts(db, 'postgres', stored, rows[0])
    : { parts: [], kept: null };
  if (kept === null) {
    await refresh('now() - $2::interval', 'now() - $3::interval', [start_offset, end_offset]);
    return undefined;
  }
  for (const { from, to } of parts) await refresh('$2::timestamptz', '$3::timestamptz', [from, to]);
  return describeKept(name, kept);
}

// After a failure the job is tried again in a minute, or at its next turn if that comes earlier.
async function record(db: Db, job: JobRow, error: string | undefined, more = false): Promise<void> {
  await db.query(
    `UPDATE tsdb.job SET last_started_at = now(), last_finished_at = clock_timestamp(), last_error = $2::text,
            total_runs = total_runs + 1, total_failures = total_failures + ($2::text IS NOT NULL)::int,
            next_start = clock_timestamp() + CASE WHEN $3 THEN interval '0' WHEN $2::text IS NULL THEN schedule_interval ELSE least(schedule_interval, interval '1 minute') END
      WHERE job_id = $1`,
    [job.job_id, error ?? null, more],
  );
}
