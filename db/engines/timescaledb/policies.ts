// Policies on TimescaleDB: background jobs of the server.
import { interval, literal, relation } from '../../core/sql';
import type { DesiredPolicy, PolicyDialect, PolicyKind, PolicyState } from '../../kinds/policies';
import type { Relation } from '../../language/aggregate';
import { formatInterval, type Interval, parseIsoInterval } from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db, Impact } from '../../model';
import { hasTimescaledb } from '../../server/server-info';

const KIND_OF_PROCEDURE: Readonly<Record<string, PolicyKind>> = {
  policy_refresh_continuous_aggregate: 'refresh',
  policy_retention: 'retention',
  policy_compression: 'columnstore',
};

interface JobRow {
  readonly id: number;
  readonly procedure: string;
  readonly object: string;
  readonly after: string | null;
  readonly start: string | null;
  readonly end: string | null;
  readonly every: string;
}

export const timescalePolicies: PolicyDialect = {
  kinds: ['refresh', 'retention', 'columnstore'],
  async read(db, desired) {
    if (!(await hasTimescaledb(db))) return { policies: [], expired: new Map() };
    const objects = [...desired.hypertables, ...desired.aggregates];
    return { policies: await readJobs(db, objects.map(nameOf)), expired: await readExpired(db, objects) };
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
    // timezone: alter_job() erases it when it is left out.
    return [
      `SELECT public.alter_job(${state.id}, ${schedule}config => j.config || ${configOf(policy)}, timezone => j.timezone) FROM _timescaledb_catalog.bgw_job j WHERE j.id = ${state.id}`,
    ];
  },
  remove: (state) => [`SELECT public.delete_job(${state.id})`],
};

async function readJobs(db: Db, names: readonly string[]): Promise<PolicyState[]> {
  // Offsets are text in the style of the session that wrote them, hence the detour through interval.
  const { rows } = await db.query<JobRow>(
    `SELECT job_id AS id, proc_name::text AS procedure, format('%s.%s', hypertable_schema, hypertable_name) AS object,
            coalesce(config ->> 'drop_after', config ->> 'compress_after')::interval::text AS after,
            (config ->> 'start_offset')::interval::text AS start, (config ->> 'end_offset')::interval::text AS "end",
            schedule_interval::text AS every
       FROM timescaledb_information.jobs
      WHERE format('%s.%s', hypertable_schema, hypertable_name) = ANY ($1) AND proc_name = ANY ($2)
      ORDER BY job_id`,
    [names, Object.keys(KIND_OF_PROCEDURE)],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: KIND_OF_PROCEDURE[row.procedure] as PolicyKind,
    object: row.object,
    times: {
      ...optional('after', row.after),
      ...optional('startOffset', row.start),
      ...optional('endOffset', row.end),
      every: parseIsoInterval(row.every),
    },
  }));
}

/** What lies beyond the declared retention right now; figures are estimates of the last ANALYZE. */
async function readExpired(db: Db, objects: readonly Relation[]): Promise<ReadonlyMap<string, Impact>> {
  const kept = objects.filter((object) => object.retention !== undefined);
  const { rows } = await db.query<{ name: string; chunks: number; rows: string; bytes: string }>(
    `SELECT d.name, count(*)::int AS chunks, sum(greatest(c.reltuples, 0))::bigint AS rows, sum(pg_total_relation_size(c.oid))::bigint AS bytes
       FROM unnest($1::text[], $2::interval[]) d (name, after)
       LEFT JOIN timescaledb_information.continuous_aggregates a ON format('%s.%s', a.view_schema, a.view_name) = d.name
       JOIN timescaledb_information.chunks k
         ON format('%s.%s', k.hypertable_schema, k.hypertable_name)
          = CASE WHEN a.view_name IS NULL THEN d.name
                 ELSE format('%s.%s', a.materialization_hypertable_schema, a.materialization_hypertable_name) END
        AND k.range_end <= now() - d.after
       JOIN pg_class c ON c.oid = format('%I.%I', k.chunk_schema, k.chunk_name)::regclass
      GROUP BY 1 ORDER BY 1`,
    [kept.map(nameOf), kept.map((object) => object.retention)],
  );
  return new Map(
    rows.map((row) => [row.name, { chunks: row.chunks, rows: Number(row.rows), bytes: Number(row.bytes) }]),
  );
}

// Texts by the server itself, so that a changed policy reads like one that was added so.
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

const optional = (key: string, iso: string | null): Record<string, Interval> =>
  iso === null ? {} : { [key]: parseIsoInterval(iso) };
