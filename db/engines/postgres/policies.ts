// Policies on plain PostgreSQL: rows of tsdb.job, run by `tsdb jobs run` or by `tsdb up`.
import { ident, interval, literal } from '../../core/sql';
import { type PolicyDialect, readExpired } from '../../kinds/policies';
import {
  type DesiredPolicy,
  type PolicyKind,
  type PolicyRow,
  type PolicyState,
  policyState,
} from '../../kinds/policy-state';
import type { ContinuousAggregate } from '../../language/aggregate';
import {
  type Duration,
  formatInterval,
  type Interval,
  parseDuration,
  sameInterval,
} from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db, Impact } from '../../model';
import { keptAsRows } from '../citus/columnar';
import type { EmulatingEngine } from './aggregate-sql';
import { hasRuntime } from './runtime';

// How often policies without a declared schedule run. TimescaleDB's retention runs daily too.
const DEFAULT_SCHEDULE: Readonly<Partial<Record<PolicyKind, Duration>>> = {
  retention: '1 day',
  chunks: '1 hour',
  columnstore: '12 hours',
};

export const emulatedPolicies = (engine: EmulatingEngine): PolicyDialect => ({
  runs: ({ kind, on }) =>
    kind !== 'columnstore' ||
    (engine === 'citus' && on.kind === 'hypertable' && keptAsRows(on) === undefined),
  async read(db) {
    return (await hasRuntime(db)) ? readJobs(db) : [];
  },
  async readExpired(db, objects) {
    if (!(await hasRuntime(db))) return new Map();
    const figures = engine === 'citus' ? CITUS_FIGURES : LOCAL_FIGURES;
    const tables = await readExpired(db, objects, `${EXPIRED_CHUNKS}${figures}`);
    const aggregates = objects.filter((object) => object.kind === 'aggregate');
    return new Map([...tables, ...(await expiredBuckets(db, aggregates))]);
  },
  add: (policy) => [
    `INSERT INTO tsdb.job (kind, schema_name, object_name, start_offset, end_offset, drop_after, schedule_interval) VALUES (${[
      literal(policy.kind),
      literal(policy.on.schema),
      literal(policy.on.name),
      ...times(policy),
    ].join(', ')})`,
  ],
  alter: (policy, state) => [
    `UPDATE tsdb.job SET (start_offset, end_offset, drop_after, schedule_interval) = (${times(policy, 'schedule_interval').join(', ')}) WHERE job_id = ${state.id}`,
  ],
  remove: removeJob,
  resume: (id) => `UPDATE tsdb.job SET next_start = now() WHERE job_id = ${id}`,
  // The replaced job is gone by now.
  carryOver: ({ kind, on, times: { every } }, state) => [
    `UPDATE tsdb.job SET schedule_interval = ${every || !state.times.every ? 'schedule_interval' : interval(formatInterval(state.times.every))}, next_start = ${state.paused ? `'infinity'` : 'next_start'} WHERE (kind, schema_name, object_name) = (${[kind, on.schema, on.name].map(literal).join(', ')})`,
  ],
});

export const removeJob = (state: PolicyState): readonly string[] => [
  `DELETE FROM tsdb.job WHERE job_id = ${state.id}`,
];

function times(
  { kind, times: { startOffset, endOffset, after, every } }: DesiredPolicy,
  undeclaredSchedule = interval(DEFAULT_SCHEDULE[kind] ?? '1 day'),
): readonly string[] {
  const sql = (value: Interval | undefined): string => (value ? interval(formatInterval(value)) : 'NULL');
  return [sql(startOffset), sql(endOffset), sql(after), every ? sql(every) : undeclaredSchedule];
}

/** The policies of all tables and aggregates. */
export async function readJobs(db: Db): Promise<readonly PolicyState[]> {
  const { rows } = await db.query<PolicyRow>(
    `SELECT job_id AS id, kind, format('%s.%s', schema_name, object_name) AS object, drop_after::text AS after,
            start_offset::text AS start, end_offset::text AS "end", schedule_interval::text AS every,
            NOT isfinite(next_start) AS paused, '{}'::text[] AS foreign, '{}'::text[] AS kept
       FROM tsdb.job ORDER BY job_id`,
  );
  return rows.map((row) => {
    const state = policyState(row);
    const usual = DEFAULT_SCHEDULE[state.kind];
    const { every } = state.times;
    return usual === undefined || every === undefined || sameInterval(every, parseDuration(usual))
      ? state
      : { ...state, kept: [`schedule_interval = ${formatInterval(every)}`] };
  });
}

const EXPIRED_CHUNKS = `
  JOIN tsdb.chunk k ON format('%s.%s', k.schema_name, k.table_name) = d.name AND k.range_end <= now() - d.after`;
const LOCAL_FIGURES = `
  JOIN LATERAL (SELECT greatest(c.reltuples, 0) AS rows, pg_total_relation_size(c.oid) AS bytes FROM pg_class c WHERE c.oid = k.chunk) f ON true`;
const CITUS_FIGURES = `
  JOIN tsdb.stored_size() f ON f.relation = k.chunk`;

// One statement counts for all aggregates that already exist and that this login may read; whoever applies may read all of them.
async function expiredBuckets(
  db: Db,
  aggregates: readonly ContinuousAggregate[],
): Promise<readonly [string, Impact][]> {
  const { rows: present } = await db.query<{ name: string; materialization: string }>(
    `SELECT format('%s.%s', schema_name, view_name) AS name, materialization FROM tsdb.continuous_aggregate
      WHERE has_table_privilege(to_regclass(format('tsdb.%I', materialization)), 'SELECT') ORDER BY 1`,
  );
  const counts = present.flatMap(({ name, materialization }) => {
    const retention = aggregates.find((aggregate) => nameOf(aggregate) === name)?.retention;
    if (retention === undefined) return [];
    return [
      `SELECT ${literal(name)} AS name, count(*)::int AS rows FROM ${ident('tsdb', materialization)} WHERE "bucket" < now() - ${interval(retention)}`,
    ];
  });
  if (counts.length === 0) return [];
  const { rows } = await db.query<{ name: string; rows: number }>(counts.join(' UNION ALL '));
  return rows.filter((row) => row.rows > 0).map((row) => [row.name, { chunks: 0, rows: row.rows, bytes: 0 }]);
}
