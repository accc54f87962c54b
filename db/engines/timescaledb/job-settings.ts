// Settings of TimescaleDB's jobs that a declaration does not know: they are never removed or kept silently.
import { formatInterval, parseIsoInterval } from '../../language/interval';
import type { Db } from '../../model';

/** What a job does, how the server names it, and what its configuration may contain. */
interface JobKind {
  readonly procedure: string;
  readonly kind: string;
  /** Keys of the configuration that the declaration decides about. */
  readonly declared: readonly string[];
  /** Keys that only say how much the job does at once, and in which order. They are kept and listed. */
  readonly tuning: readonly string[];
  /** What the server gives to a new job; NULL means that it depends on other settings. */
  readonly maxRuntime: string;
  readonly retryPeriod: string;
  /** The longest schedule of a new job, for a kind whose schedule is not declared. */
  readonly schedule: string;
}

const KINDS: readonly JobKind[] = [
  {
    procedure: 'policy_refresh_continuous_aggregate',
    kind: 'refresh',
    declared: ['start_offset', 'end_offset'],
    tuning: ['buckets_per_batch', 'max_batches_per_execution', 'refresh_newest_first', 'include_tiered_data'],
    maxRuntime: '0',
    // A new refresh is tried again after its schedule interval.
    retryPeriod: 'NULL',
    schedule: 'NULL',
  },
  {
    procedure: 'policy_retention',
    kind: 'retention',
    declared: ['drop_after'],
    tuning: ['verbose_log'],
    maxRuntime: '5 minutes',
    retryPeriod: '5 minutes',
    schedule: '1 day',
  },
  {
    procedure: 'policy_compression',
    kind: 'columnstore',
    declared: ['compress_after'],
    tuning: ['maxchunks_to_compress', 'recompress', 'recompress_unordered', 'verbose_log'],
    maxRuntime: '0',
    retryPeriod: '1 hour',
    schedule: '12 hours',
  },
  {
    procedure: 'policy_reorder',
    kind: 'reorder',
    declared: ['index_name'],
    tuning: [],
    maxRuntime: '0',
    retryPeriod: '5 minutes',
    // Half the chunk interval at the time when it was added.
    schedule: 'NULL',
  },
];

/** The procedures of all kinds of jobs that a declaration can ask for. */
export const POLICY_PROCEDURES: readonly string[] = KINDS.map(({ procedure }) => procedure);

const text = (value: string): string => (value === 'NULL' ? 'NULL' : `'${value}'`);
const list = (values: readonly string[]): string => `'{${values.join(',')}}'::text[]`;

/** A relation of the kinds of jobs: `procedure`, `kind`, and what is known about their settings. */
const JOB_KINDS = `(VALUES ${KINDS.map(
  ({ procedure, kind, declared, tuning, maxRuntime, retryPeriod, schedule }) =>
    `('${procedure}', '${kind}', ${list(declared)}, ${list(tuning)}, ${text(maxRuntime)}::interval, ${text(retryPeriod)}::interval, ${text(schedule)}::interval)`,
).join(', ')}) AS p (procedure, kind, declared, tuning, max_runtime, retry_period, schedule)`;

/** Joins the jobs of the server (`j`, with their catalog row `b`) with their kinds (`p`); it belongs after FROM. */
export const JOBS = `timescaledb_information.jobs j
  JOIN _timescaledb_catalog.bgw_job b ON b.id = j.job_id
  JOIN ${JOB_KINDS} ON p.procedure = j.proc_name AND j.proc_schema = '_timescaledb_functions'`;

// A key that names another table than the job's own would make the job work on that table.
const ISSUED = `e.key IN ('hypertable_id', 'mat_hypertable_id') AND e.value = b.hypertable_id::text`;

/** Columns of JOBS that are a `JobSettingsRow`. */
export const JOB_SETTINGS = `
  NOT j.scheduled AS paused,
  ARRAY(SELECT format('%s = %s', e.key, e.value) FROM jsonb_each_text(j.config) e
         WHERE e.key <> ALL (p.declared) AND e.key <> ALL (p.tuning) AND NOT (${ISSUED}) ORDER BY 1) AS foreign,
  ARRAY(SELECT format('%s = %s', e.key, e.value) FROM jsonb_each_text(j.config) e WHERE e.key = ANY (p.tuning) ORDER BY 1)
  || ARRAY(SELECT format('%s = %s', o.name, o.value)
             FROM (VALUES (1, 'max_retries', nullif(j.max_retries, -1)::text),
                          (2, 'max_runtime', nullif(j.max_runtime, p.max_runtime)::text),
                          (3, 'retry_period', nullif(j.retry_period, coalesce(p.retry_period, j.schedule_interval))::text),
                          (4, 'schedule_interval', CASE WHEN j.schedule_interval > p.schedule THEN j.schedule_interval::text END),
                          (5, 'initial_start', j.initial_start::text),
                          (6, 'timezone', b.timezone)) o (nth, name, value)
            WHERE o.value IS NOT NULL ORDER BY o.nth) AS kept`;

export interface JobSettingsRow {
  readonly paused: boolean;
  readonly foreign: readonly string[];
  readonly kept: readonly string[];
}

/** How a paused job is resumed. */
export const resume = (id: number): string => `SELECT alter_job(${id}, scheduled => true)`;

/** Settings as people read them: `retry_period = 5 minutes` instead of `PT5M`. */
export const readable = (settings: readonly string[]): readonly string[] =>
  settings.map((setting) => {
    const [name = '', value = ''] = setting.split(' = ', 2);
    return /^P[\dTYMWDHS.-]+$/.test(value) ? `${name} = ${formatInterval(parseIsoInterval(value))}` : setting;
  });

/** The jobs, of which those do not count as paused that an apply has paused. */
export async function withoutOwnPauses<Row extends { readonly id: number; readonly paused: boolean }>(
  db: Db,
  jobs: readonly Row[],
): Promise<readonly Row[]> {
  if (!jobs.some(({ paused }) => paused)) return jobs;
  const { rows: found } = await db.query<{ tracked: boolean }>(
    `SELECT to_regclass('tsdb.paused_job') IS NOT NULL AS tracked`,
  );
  if (!found[0]?.tracked) return jobs;
  const { rows } = await db.query<{ id: number }>('SELECT job_id AS id FROM tsdb.paused_job ORDER BY 1');
  return jobs.map((job) => ({ ...job, paused: job.paused && !rows.some(({ id }) => id === job.id) }));
}

/** SQL for the keys of the configuration of a job (a row of bgw_job) that a new configuration keeps. */
export function keptConfig(kind: string, job: string): string {
  const tuning = KINDS.find((one) => one.kind === kind)?.tuning ?? [];
  return `(SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') FROM jsonb_each(${job}.config) e WHERE e.key = ANY (${list(tuning)}))`;
}
