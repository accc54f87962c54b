// Reads the health of jobs and aggregates, with one statement each.
import { type Dialect, dialectOf, type EngineName } from '../model';
import { type Ask, isoText as iso } from '../server/ask';

export interface JobHealth {
  readonly id: number;
  readonly job: string;
  /** `late`: overdue by more than its own interval, and by more than ten minutes. */
  readonly state: 'ok' | 'failing' | 'late' | 'paused' | 'not-run-yet';
  readonly lastFinished: string | null;
  readonly nextStart: string | null;
  readonly error: string | null;
}

export interface AggregateHealth {
  readonly aggregate: string;
  /** Buckets are stored up to this time; null before the first refresh. */
  readonly watermark: string | null;
}

// 24000 is not a failure: on some PostgreSQL 15 builds every job ends with this code after its work was committed.
const JOBS: Readonly<Record<Dialect, string>> = {
  timescaledb: `
    SELECT j.job_id AS id,
           format('%s of %s.%s', CASE j.proc_name WHEN 'policy_refresh_continuous_aggregate' THEN 'refresh'
                                 WHEN 'policy_compression' THEN 'columnstore' ELSE replace(j.proc_name::text, 'policy_', '') END,
                  j.hypertable_schema, j.hypertable_name) AS job,
           CASE WHEN NOT j.scheduled THEN 'paused'
                WHEN coalesce(s.total_runs, 0) = 0 THEN 'not-run-yet'
                WHEN s.last_run_status = 'Failed' AND e.sqlerrcode IS DISTINCT FROM '24000' THEN 'failing'
                WHEN isfinite(s.next_start) AND s.next_start < now() - greatest(j.schedule_interval, interval '10 minutes') THEN 'late'
                ELSE 'ok' END AS state,
           ${iso('s.last_successful_finish')} AS "lastFinished", ${iso('s.next_start')} AS "nextStart",
           CASE WHEN s.last_run_status = 'Failed' THEN e.err_message END AS error
      FROM timescaledb_information.jobs j
      LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
      LEFT JOIN LATERAL (SELECT x.sqlerrcode, x.err_message FROM timescaledb_information.job_errors x
                          WHERE x.job_id = j.job_id ORDER BY x.finish_time DESC NULLS LAST LIMIT 1) e ON true
     WHERE format('%s.%s', j.hypertable_schema, j.hypertable_name) = ANY ($1) ORDER BY j.job_id`,
  postgres: `
    SELECT job_id AS id, format('%s of %s.%s', kind, schema_name, object_name) AS job,
           CASE WHEN last_error IS NOT NULL THEN 'failing'
                WHEN next_start < now() - greatest(schedule_interval, interval '10 minutes') THEN 'late'
                WHEN total_runs = 0 THEN 'not-run-yet' ELSE 'ok' END AS state,
           ${iso('last_finished_at')} AS "lastFinished", ${iso('next_start')} AS "nextStart", last_error AS error
      FROM tsdb.job WHERE format('%s.%s', schema_name, object_name) = ANY ($1) ORDER BY job_id`,
};

// Before the first refresh, TimescaleDB's watermark lies thousands of years in the past.
/** SQL for the watermarks of the aggregates with the names in $1, by engine. Its rows are `AggregateHealth`. */
export const WATERMARKS: Readonly<Record<Dialect, string>> = {
  timescaledb: `
    SELECT format('%s.%s', c.user_view_schema, c.user_view_name) AS aggregate, CASE WHEN w.mark > '0001-01-01' THEN ${iso('w.mark')} END AS watermark
      FROM _timescaledb_catalog.continuous_agg c
      -- Not cagg_watermark(), which needs the right to read the aggregate.
      LEFT JOIN (SELECT mat_hypertable_id, _timescaledb_functions.to_timestamp(watermark) AS mark
                   FROM _timescaledb_catalog.continuous_aggs_watermark) w USING (mat_hypertable_id)
     WHERE format('%s.%s', c.user_view_schema, c.user_view_name) = ANY ($1) ORDER BY 1`,
  postgres: `
    SELECT format('%s.%s', schema_name, view_name) AS aggregate, ${iso('watermark')} AS watermark
      FROM tsdb.continuous_aggregate WHERE format('%s.%s', schema_name, view_name) = ANY ($1) ORDER BY 1`,
};

/** Health of the jobs on the named tables and aggregates. On TimescaleDB only the owner of the database may see `error`. */
export function readJobs(
  ask: Ask,
  engine: EngineName,
  names: readonly string[],
): Promise<readonly JobHealth[]> {
  return ask<JobHealth>(JOBS[dialectOf(engine)], [names]);
}

/** Those of the jobs whose last run has failed because a number was too large or too small to be computed. */
export async function readOverflowing(ask: Ask, ids: readonly number[]): Promise<readonly number[]> {
  const rows = await ask<{ id: number }>(
    `SELECT job_id AS id FROM (SELECT DISTINCT ON (job_id) job_id, sqlerrcode FROM timescaledb_information.job_errors
       WHERE job_id = ANY ($1::int[]) ORDER BY job_id, finish_time DESC NULLS LAST) last WHERE sqlerrcode = '22003'`,
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** Health of the named aggregates. */
export function readWatermarks(
  ask: Ask,
  engine: EngineName,
  names: readonly string[],
): Promise<readonly AggregateHealth[]> {
  return ask<AggregateHealth>(WATERMARKS[dialectOf(engine)], [names]);
}
