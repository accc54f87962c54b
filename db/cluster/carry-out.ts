// Carries the planned moves out as a background job of Citus, and follows it to its end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseError } from '../core/errors';
import type { TransferMode } from './moves';

/** The state of the last job of moves. */
export interface MoveJob {
  readonly id: string;
  readonly state: JobState;
  readonly done: number;
  readonly tasks: number;
  /** Of the shard that moves now. */
  readonly copiedBytes: number;
  readonly totalBytes: number;
  /** What a task failed with; the server tries most tasks again, with growing pauses. */
  readonly fault: string | null;
}

export type JobState =
  | 'scheduled'
  | 'running'
  | 'cancelling'
  | 'failing'
  | 'finished'
  | 'failed'
  | 'cancelled';
const ENDED: readonly JobState[] = ['finished', 'failed', 'cancelled'];

/** Whether it goes on by itself. */
export const isUnderWay = ({ state }: MoveJob): boolean => !ENDED.includes(state);

/** What to move, and who is told about it. */
export interface MoveOptions {
  readonly mode: TransferMode;
  readonly drainOnly: boolean;
  /** When it aborts, the job is cancelled. Shards that have moved stay where they are. */
  readonly signal: AbortSignal;
  onProgress(job: MoveJob): void;
}

/**
 * Follows a job that is under way to its end, and then the one that it starts for the moves that are left.
 * @returns the job as it ended, finished or cancelled; undefined when there was nothing to move.
 * @throws DatabaseError when it failed. The next call goes on where it ended.
 */
export async function carryOut(db: Client, options: MoveOptions): Promise<MoveJob | undefined> {
  const before = await lastJob(db);
  const followed =
    before !== undefined && isUnderWay(before) ? await follow(db, before.id, options) : undefined;
  if (options.signal.aborted) return followed;
  const id = await startJob(db, options);
  if (id === undefined) return followed;
  const job = await follow(db, id, options);
  if (job.state === 'failed')
    throw new DatabaseError(
      `job ${id} of moves failed: ${job.fault ?? 'the server does not say why'}; every shard is complete on one node, and the same command goes on with the moves that are left`,
    );
  // The server would drop what the moves left behind some seconds later.
  await db.query('CALL pg_catalog.citus_cleanup_orphaned_resources()');
  return job;
}

async function startJob(db: Client, { mode, drainOnly }: MoveOptions): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string | null }>(
    `SELECT pg_catalog.citus_rebalance_start(drain_only => $1, shard_transfer_mode => $2::citus.shard_transfer_mode)::text AS id`,
    [drainOnly, mode],
  );
  const id = rows[0]?.id;
  return id === null || id === '0' ? undefined : id;
}

async function follow(db: Client, id: string, { signal, onProgress }: MoveOptions): Promise<MoveJob> {
  for (let stopped = false; ; ) {
    const job = await lastJob(db);
    if (job === undefined || job.id !== id)
      throw new DatabaseError(
        `job ${id} of moves is not known to the server any more; run the command again`,
      );
    onProgress(job);
    if (!isUnderWay(job)) return job;
    if (signal.aborted && !stopped) {
      stopped = true;
      await db.query('SELECT pg_catalog.citus_job_cancel($1)', [id]);
    }
    await sleep(500);
  }
}

/** The last job of moves; undefined when there never was one. */
export async function lastJob(db: Client): Promise<MoveJob | undefined> {
  const { rows } = await db.query<Omit<MoveJob, 'copiedBytes' | 'totalBytes'>>(
    `SELECT j.job_id::text AS id, j.state::text AS state, count(t.*) FILTER (WHERE t.status = 'done')::int AS done,
            count(t.*)::int AS tasks,
            (array_agg(split_part(t.message, E'\\n', 1) ORDER BY t.task_id) FILTER (WHERE t.status <> 'done' AND t.message <> ''))[1] AS fault
       FROM (SELECT * FROM pg_catalog.pg_dist_background_job WHERE job_type = 'rebalance' ORDER BY job_id DESC LIMIT 1) j
       LEFT JOIN pg_catalog.pg_dist_background_task t USING (job_id) GROUP BY j.job_id, j.state`,
  );
  const [job] = rows;
  if (job === undefined) return undefined;
  const moving = await movingBytes(db);
  return { ...job, ...moving };
}

async function movingBytes(db: Client): Promise<Pick<MoveJob, 'copiedBytes' | 'totalBytes'>> {
  const asked = db.query<{ copied: string; total: string }>(
    `SELECT coalesce(sum(target_shard_size), 0)::text AS copied, coalesce(sum(source_shard_size), 0)::text AS total
       FROM pg_catalog.get_rebalance_progress() WHERE progress = 1`,
  );
  // It asks the nodes, and fails when one of them is away; the job then goes on, or says so itself.
  const { rows } = await asked.catch(() => ({ rows: [] }));
  return { copiedBytes: Number(rows[0]?.copied ?? 0), totalBytes: Number(rows[0]?.total ?? 0) };
}
