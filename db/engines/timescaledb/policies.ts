// Policies on TimescaleDB: background jobs of the server.
import { interval, literal, relation } from '../../core/sql';
import { type PolicyDialect, readExpired } from '../../kinds/policies';
import { type DesiredPolicy, type PolicyRow, type PolicyState, policyState } from '../../kinds/policy-state';
import { relationsOf } from '../../language/desired';
import { formatInterval, type Interval } from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { hasTimescaledb } from '../../server/server-info';
import { JOB_SETTINGS, JOBS, keptConfig, readable, resume, withoutOwnPauses } from './job-settings';

export const timescalePolicies: PolicyDialect = {
  runs: ({ kind }) => kind !== 'chunks',
  async read(db, desired) {
    if (!(await hasTimescaledb(db))) return [];
    return readJobs(db, relationsOf(desired).map(nameOf));
  },
  async readExpired(db, objects) {
    return (await hasTimescaledb(db)) ? readExpired(db, objects, EXPIRED_CHUNKS) : new Map();
  },
  add(policy) {
    const target = `${literal(relation(policy.on))}::regclass`;
    const { after, startOffset, endOffset, every } = policy.times;
    switch (policy.kind) {
      case 'refresh':
        return [
          `SELECT public.add_continuous_aggregate_policy(${target}, start_offset => ${sqlInterval(startOffset)}, end_offset => ${sqlInterval(endOffset)}, schedule_interval => ${sqlInterval(every)})`,
        ];
      case 'retention':
        return [`SELECT public.add_retention_policy(${target}, drop_after => ${sqlInterval(after)})`];
      case 'columnstore':
        return [`CALL public.add_columnstore_policy(${target}, after => ${sqlInterval(after)})`];
      case 'chunks':
        return [];
    }
  },
  alter(policy, state) {
    const every = sqlInterval(policy.times.every);
    // A refresh is tried again after its schedule interval, unless somebody has set another time.
    const schedule = policy.times.every
      ? `schedule_interval => ${every}, retry_period => CASE j.retry_period WHEN j.schedule_interval THEN ${every} ELSE j.retry_period END, `
      : '';
    // The configuration is written whole, so nothing stays in it that is not declared or known to be harmless. alter_job()
    // erases the time zone unless it is given.
    return [
      `SELECT public.alter_job(${state.id}, ${schedule}config => ${keptConfig(policy.kind, 'j')} || ${configOf(policy)}, timezone => j.timezone) FROM _timescaledb_catalog.bgw_job j WHERE j.id = ${state.id}`,
    ];
  },
  remove: (state) => [`SELECT public.delete_job(${state.id})`],
  resume,
  // The replaced aggregate still exists, under another name and with its jobs. The apply itself has paused them.
  carryOver: (policy, state) => [
    `SELECT public.alter_job(n.id, ${policy.times.every ? '' : 'schedule_interval => o.schedule_interval, '}max_runtime => o.max_runtime, max_retries => o.max_retries,
  retry_period => CASE o.retry_period WHEN o.schedule_interval THEN n.retry_period ELSE o.retry_period END,
  scheduled => o.scheduled OR EXISTS (SELECT FROM tsdb.paused_job p WHERE p.job_id = o.id), config => ${keptConfig(policy.kind, 'o')} || n.config,
  fixed_schedule => o.fixed_schedule, initial_start => o.initial_start, timezone => o.timezone)
  FROM _timescaledb_catalog.bgw_job o
  JOIN _timescaledb_catalog.bgw_job n ON n.proc_name = o.proc_name
  JOIN _timescaledb_catalog.continuous_agg c ON c.mat_hypertable_id = n.hypertable_id
 WHERE o.id = ${state.id} AND (c.user_view_schema, c.user_view_name) = (${literal(policy.on.schema)}, ${literal(policy.on.name)})`,
  ],
};

/** The policies of all other tables and aggregates than these. */
export const readOtherPolicies = (db: Db, names: readonly string[]): Promise<readonly PolicyState[]> =>
  readJobs(db, names, '<> ALL');

async function readJobs(
  db: Db,
  names: readonly string[],
  which: '= ANY' | '<> ALL' = '= ANY',
): Promise<readonly PolicyState[]> {
  // The offsets are stored as text, in the interval style of the session that wrote them, so they are converted to interval first.
  const { rows } = await db.query<PolicyRow>(
    `SELECT j.job_id AS id, p.kind, format('%s.%s', j.hypertable_schema, j.hypertable_name) AS object,
            CASE p.kind WHEN 'retention' THEN j.config ->> 'drop_after' WHEN 'columnstore' THEN j.config ->> 'compress_after' END::interval::text AS after,
            CASE p.kind WHEN 'refresh' THEN j.config ->> 'start_offset' END::interval::text AS start,
            CASE p.kind WHEN 'refresh' THEN j.config ->> 'end_offset' END::interval::text AS "end",
            j.schedule_interval::text AS every, ${JOB_SETTINGS}
       FROM ${JOBS}
      WHERE p.kind <> 'reorder' AND format('%s.%s', j.hypertable_schema, j.hypertable_name) ${which} ($1)
      ORDER BY j.job_id`,
    [names],
  );
  return (await withoutOwnPauses(db, rows)).map((row) =>
    policyState({ ...row, foreign: readable(row.foreign), kept: readable(row.kept) }),
  );
}

const EXPIRED_CHUNKS = `
  LEFT JOIN timescaledb_information.continuous_aggregates a ON format('%s.%s', a.view_schema, a.view_name) = d.name
  JOIN timescaledb_information.chunks k
    ON format('%s.%s', k.hypertable_schema, k.hypertable_name)
     = CASE WHEN a.view_name IS NULL THEN d.name
            ELSE format('%s.%s', a.materialization_hypertable_schema, a.materialization_hypertable_name) END
   AND k.range_end <= now() - d.after
  JOIN LATERAL (SELECT greatest(c.reltuples, 0) AS rows, pg_total_relation_size(c.oid) AS bytes
                  FROM pg_class c WHERE c.oid = format('%I.%I', k.chunk_schema, k.chunk_name)::regclass) f ON true`;

// The server writes the offsets as text, so that a changed policy looks exactly like a new one.
function configOf({ kind, times }: DesiredPolicy): string {
  const entries: Readonly<Record<string, Interval | undefined>> =
    kind === 'refresh'
      ? { start_offset: times.startOffset, end_offset: times.endOffset }
      : { [kind === 'retention' ? 'drop_after' : 'compress_after']: times.after };
  const pairs = Object.entries(entries).map(
    ([key, value]) => `${literal(key)}, (${sqlInterval(value)})::text`,
  );
  const table = kind === 'refresh' ? 'mat_hypertable_id' : 'hypertable_id';
  return `jsonb_build_object('${table}', j.hypertable_id, ${pairs.join(', ')})`;
}

const sqlInterval = (value: Interval | undefined): string =>
  value ? interval(formatInterval(value)) : 'NULL';
