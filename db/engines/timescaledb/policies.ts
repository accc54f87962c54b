// Policies on TimescaleDB: background jobs of the server.
import { interval, literal, relation } from '../../core/sql';
import {
  type DesiredPolicy,
  type PolicyDialect,
  type PolicyRow,
  type PolicyState,
  policyState,
  readExpired,
} from '../../kinds/policies';
import { relationsOf } from '../../language/desired';
import { formatInterval, type Interval } from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { hasTimescaledb } from '../../server/server-info';

// The policies of other kinds, such as reorder, are not read here.
const KINDS = `(VALUES ('policy_refresh_continuous_aggregate', 'refresh'), ('policy_retention', 'retention'), ('policy_compression', 'columnstore'))`;

export const timescalePolicies: PolicyDialect = {
  kinds: ['refresh', 'retention', 'columnstore'],
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
    const schedule = policy.times.every ? `schedule_interval => ${sqlInterval(policy.times.every)}, ` : '';
    // alter_job() erases the time zone unless it is given.
    return [
      `SELECT public.alter_job(${state.id}, ${schedule}config => j.config || ${configOf(policy)}, timezone => j.timezone) FROM _timescaledb_catalog.bgw_job j WHERE j.id = ${state.id}`,
    ];
  },
  remove: (state) => [`SELECT public.delete_job(${state.id})`],
};

async function readJobs(db: Db, names: readonly string[]): Promise<readonly PolicyState[]> {
  // The offsets are stored as text, in the interval style of the session that wrote them, so they are converted to interval first.
  const { rows } = await db.query<PolicyRow>(
    `SELECT job_id AS id, p.kind, format('%s.%s', hypertable_schema, hypertable_name) AS object,
            coalesce(config ->> 'drop_after', config ->> 'compress_after')::interval::text AS after,
            (config ->> 'start_offset')::interval::text AS start, (config ->> 'end_offset')::interval::text AS "end",
            schedule_interval::text AS every
       FROM timescaledb_information.jobs j JOIN ${KINDS} p (procedure, kind) ON p.procedure = j.proc_name
      WHERE format('%s.%s', hypertable_schema, hypertable_name) = ANY ($1)
      ORDER BY job_id`,
    [names],
  );
  return rows.map(policyState);
}

const EXPIRED_CHUNKS = `
  LEFT JOIN timescaledb_information.continuous_aggregates a ON format('%s.%s', a.view_schema, a.view_name) = d.name
  JOIN timescaledb_information.chunks k
    ON format('%s.%s', k.hypertable_schema, k.hypertable_name)
     = CASE WHEN a.view_name IS NULL THEN d.name
            ELSE format('%s.%s', a.materialization_hypertable_schema, a.materialization_hypertable_name) END
   AND k.range_end <= now() - d.after
  JOIN pg_class c ON c.oid = format('%I.%I', k.chunk_schema, k.chunk_name)::regclass`;

// The server writes the offsets as text, so that a changed policy looks exactly like a new one.
function configOf({ kind, times }: DesiredPolicy): string {
  const entries: Readonly<Record<string, Interval | undefined>> =
    kind === 'refresh'
      ? { start_offset: times.startOffset, end_offset: times.endOffset }
      : { [kind === 'retention' ? 'drop_after' : 'compress_after']: times.after };
  const pairs = Object.entries(entries).map(
    ([key, value]) => `${literal(key)}, (${sqlInterval(value)})::text`,
  );
  return `jsonb_build_object(${pairs.join(', ')})`;
}

const sqlInterval = (value: Interval | undefined): string =>
  value ? interval(formatInterval(value)) : 'NULL';
