// Policies on plain PostgreSQL: rows of tsdb.job, run by `tsdb jobs run` or by `tsdb up`.
import { ident, interval, literal } from '../../core/sql';
import type {
  DesiredPolicy,
  PolicyDialect,
  PolicyKind,
  PolicyState,
  PolicyTimes,
} from '../../kinds/policies';
import type { Relation } from '../../language/aggregate';
import { formatInterval, type Interval, parseIsoInterval } from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db, Impact } from '../../model';
import { hasRuntime } from './runtime';

interface JobRow {
  readonly id: number;
  readonly kind: PolicyKind;
  readonly object: string;
  readonly after: string | null;
  readonly start: string | null;
  readonly end: string | null;
  readonly every: string;
}

// How often kinds run that declare no schedule; TimescaleDB's retention runs daily too.
const DEFAULT_SCHEDULE: Readonly<Partial<Record<PolicyKind, string>>> = {
  retention: '1 day',
  chunks: '1 hour',
};

export const postgresPolicies: PolicyDialect = {
  kinds: ['refresh', 'retention', 'chunks'],
  async read(db, desired) {
    if (!(await hasRuntime(db))) return { policies: [], expired: new Map() };
    return {
      policies: await readJobs(db),
      expired: await readExpired(db, [...desired.hypertables, ...desired.aggregates]),
    };
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
    `UPDATE tsdb.job SET (start_offset, end_offset, drop_after, schedule_interval) = (${times(policy).join(', ')}) WHERE job_id = ${state.id}`,
  ],
  remove: (state) => [`DELETE FROM tsdb.job WHERE job_id = ${state.id}`],
};

function times({ kind, times: { startOffset, endOffset, after, every } }: DesiredPolicy): readonly string[] {
  const sql = (value: Interval | undefined): string => (value ? interval(formatInterval(value)) : 'NULL');
  return [
    sql(startOffset),
    sql(endOffset),
    sql(after),
    every ? sql(every) : interval(DEFAULT_SCHEDULE[kind] ?? '1 day'),
  ];
}

async function readJobs(db: Db): Promise<PolicyState[]> {
  const { rows } = await db.query<JobRow>(
    `SELECT job_id AS id, kind, format('%s.%s', schema_name, object_name) AS object, drop_after::text AS after,
            start_offset::text AS start, end_offset::text AS "end", schedule_interval::text AS every
       FROM tsdb.job ORDER BY job_id`,
  );
  return rows.map((row) => ({ id: row.id, kind: row.kind, object: row.object, times: policyTimes(row) }));
}

function policyTimes({ after, start, end, every }: JobRow): PolicyTimes {
  return {
    ...(after === null ? {} : { after: parseIsoInterval(after) }),
    ...(start === null ? {} : { startOffset: parseIsoInterval(start) }),
    ...(end === null ? {} : { endOffset: parseIsoInterval(end) }),
    every: parseIsoInterval(every),
  };
}

/** What lies beyond the declared retention right now: whole chunks of tables, rows of aggregates. */
async function readExpired(db: Db, objects: readonly Relation[]): Promise<ReadonlyMap<string, Impact>> {
  const kept = objects.filter((object) => object.retention !== undefined);
  const { rows } = await db.query<{ name: string; chunks: number; rows: string; bytes: string }>(
    `SELECT d.name, count(*)::int AS chunks, sum(greatest(c.reltuples, 0))::bigint AS rows, sum(pg_total_relation_size(c.oid))::bigint AS bytes
       FROM unnest($1::text[], $2::interval[]) d (name, after)
       JOIN tsdb.chunk k ON format('%s.%s', k.schema_name, k.table_name) = d.name AND k.range_end <= now() - d.after
       JOIN pg_class c ON c.oid = k.chunk
      GROUP BY 1 ORDER BY 1`,
    [kept.map(nameOf), kept.map((object) => object.retention)],
  );
  const tables = rows.map((row): [string, Impact] => [
    row.name,
    { chunks: row.chunks, rows: Number(row.rows), bytes: Number(row.bytes) },
  ]);
  return new Map([...tables, ...(await expiredBuckets(db, kept))]);
}

// One statement for all aggregates. Only those that exist, as a declared one may not have been created yet, and that the
// login may read: the figures are for who applies.
async function expiredBuckets(db: Db, kept: readonly Relation[]): Promise<readonly [string, Impact][]> {
  const { rows: present } = await db.query<{ name: string; materialization: string }>(
    `SELECT format('%s.%s', schema_name, view_name) AS name, materialization FROM tsdb.continuous_aggregate
      WHERE has_table_privilege(to_regclass(format('tsdb.%I', materialization)), 'SELECT') ORDER BY 1`,
  );
  const counts = present.flatMap(({ name, materialization }) => {
    const retention = kept.find((object) => nameOf(object) === name)?.retention;
    if (retention === undefined) return [];
    return [
      `SELECT ${literal(name)} AS name, count(*)::int AS rows FROM ${ident('tsdb', materialization)} WHERE "bucket" < now() - ${interval(retention)}`,
    ];
  });
  if (counts.length === 0) return [];
  const { rows } = await db.query<{ name: string; rows: number }>(counts.join(' UNION ALL '));
  return rows.filter((row) => row.rows > 0).map((row) => [row.name, { chunks: 0, rows: row.rows, bytes: 0 }]);
}
