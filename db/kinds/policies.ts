// Kind: policies, which are the jobs that the server runs by itself: refresh, retention, columnstore, and chunks made ahead of time.
import { groupBy } from '../core/group-by';
import { counted } from '../core/quantities';
import type { ContinuousAggregate, Relation } from '../language/aggregate';
import { type Desired, relationsOf } from '../language/desired';
import {
  formatInterval,
  type Interval,
  parseDuration,
  parseIsoInterval,
  sameInterval,
} from '../language/interval';
import { nameOf } from '../language/names';
import type { Db, Hazard, Impact, Kind, Step } from '../model';

export type PolicyKind = 'refresh' | 'retention' | 'columnstore' | 'chunks';

/** The times of a policy; which ones exist depends on its kind. */
export interface PolicyTimes {
  /** Age at which retention or columnstore acts; how far ahead chunks are made. */
  readonly after?: Interval;
  readonly startOffset?: Interval;
  readonly endOffset?: Interval;
  /** How often it runs; absent means the default of the engine, which is not compared. */
  readonly every?: Interval;
}

/** A policy that should exist. */
export interface DesiredPolicy {
  readonly kind: PolicyKind;
  readonly on: Relation;
  readonly times: PolicyTimes;
}

/** A policy that exists. An open window is an absent offset. */
export interface PolicyState {
  readonly id: number;
  readonly kind: PolicyKind;
  readonly object: string;
  readonly times: PolicyTimes;
}

/** A policy as an engine reads it; intervals are ISO 8601. */
export interface PolicyRow {
  readonly id: number;
  readonly kind: PolicyKind;
  readonly object: string;
  readonly after: string | null;
  readonly start: string | null;
  readonly end: string | null;
  readonly every: string;
}

export function policyState({ id, kind, object, after, start, end, every }: PolicyRow): PolicyState {
  const time = (key: keyof PolicyTimes, iso: string | null): PolicyTimes =>
    iso === null ? {} : { [key]: parseIsoInterval(iso) };
  return {
    id,
    kind,
    object,
    times: {
      ...time('after', after),
      ...time('startOffset', start),
      ...time('endOffset', end),
      ...time('every', every),
    },
  };
}

export interface PoliciesState {
  readonly policies: readonly PolicyState[];
  /** What a retention that is added or changed would delete on its next run, by object. */
  readonly expired: ReadonlyMap<string, Impact>;
}

/** How an engine reads and writes policies. */
export interface PolicyDialect {
  /** Kinds that this engine runs. */
  readonly kinds: readonly PolicyKind[];
  read(db: Db, desired: Desired): Promise<readonly PolicyState[]>;
  /** What the declared retention of these objects would delete on its next run, by object. */
  readExpired(db: Db, objects: readonly Relation[]): Promise<ReadonlyMap<string, Impact>>;
  add(policy: DesiredPolicy): readonly string[];
  alter(policy: DesiredPolicy, state: PolicyState): readonly string[];
  remove(state: PolicyState): readonly string[];
}

export function policies(dialect: PolicyDialect): Kind<PoliciesState> {
  return {
    name: 'policies',
    async read(db, desired) {
      const present = await dialect.read(db, desired);
      // Counting is slow where there are thousands of chunks.
      const changing = matched(dialect, desired, present)
        .filter(({ policy, state }) => policy.kind === 'retention' && !isAsDeclared(policy, state))
        .map(({ policy }) => policy.on);
      const expired = changing.length > 0 ? await dialect.readExpired(db, changing) : new Map();
      return { policies: present, expired };
    },
    compare(desired, actual) {
      const steps: Step[] = [];
      const kept = new Set<PolicyState>();
      for (const { policy, state } of matched(dialect, desired, actual.policies)) {
        const expired = actual.expired.get(nameOf(policy.on));
        if (state !== undefined) kept.add(state);
        if (state === undefined) steps.push(step('add', policy, dialect.add(policy), expired));
        else if (!isAsDeclared(policy, state))
          steps.push(step('alter', policy, dialect.alter(policy, state), expired));
      }
      const declared = new Set(relationsOf(desired).map(nameOf));
      const surplus = actual.policies.filter((state) => declared.has(state.object) && !kept.has(state));
      steps.push(...surplus.map((state) => removal(dialect, state)));
      return { steps };
    },
  };
}

// Each declared policy with the one that exists. If there are duplicates, one that is as declared is kept.
function matched(
  dialect: PolicyDialect,
  desired: Desired,
  present: readonly PolicyState[],
): readonly { readonly policy: DesiredPolicy; readonly state: PolicyState | undefined }[] {
  const byObject = groupBy(present, ({ kind, object }) => `${kind} ${object}`);
  return desiredPolicies(desired)
    .filter(({ kind }) => dialect.kinds.includes(kind))
    .map((policy) => {
      const candidates = byObject.get(`${policy.kind} ${nameOf(policy.on)}`) ?? [];
      return {
        policy,
        state: candidates.find((state) => isAsDeclared(policy, state)) ?? candidates[0],
      };
    });
}

const isAsDeclared = (policy: DesiredPolicy, state: PolicyState | undefined): boolean =>
  state !== undefined && sameTimes(policy.times, state.times);

/**
 * What is already older than the declared retention of objects; `rows` is an estimate of the last ANALYZE.
 * @param join joins `k`, the chunks of the object `d.name` whose rows end before `now() - d.after`, and their relation `c`.
 */
export async function readExpired(
  db: Db,
  objects: readonly Relation[],
  join: string,
): Promise<ReadonlyMap<string, Impact>> {
  const kept = objects.filter((object) => object.retention !== undefined);
  const { rows } = await db.query<Impact & { readonly name: string }>(
    `SELECT d.name, count(*)::int AS chunks, sum(greatest(c.reltuples, 0))::float8 AS rows, sum(pg_total_relation_size(c.oid))::float8 AS bytes
       FROM unnest($1::text[], $2::interval[]) d (name, after) ${join}
      GROUP BY 1 ORDER BY 1`,
    [kept.map(nameOf), kept.map((object) => object.retention)],
  );
  return new Map(rows.map(({ name, ...impact }) => [name, impact]));
}

/** Every policy that the declaration asks for. Those that delete data come last. */
export function desiredPolicies(desired: Desired): readonly DesiredPolicy[] {
  const { hypertables, aggregates } = desired;
  const objects = relationsOf(desired);
  return [
    ...hypertables.map((table): DesiredPolicy => ({ kind: 'chunks', on: table, times: {} })),
    ...aggregates.map(
      (aggregate): DesiredPolicy => ({ kind: 'refresh', on: aggregate, times: refreshTimes(aggregate) }),
    ),
    ...objects.flatMap((object): DesiredPolicy[] =>
      object.columnstore
        ? [{ kind: 'columnstore', on: object, times: { after: parseDuration(object.columnstore.after) } }]
        : [],
    ),
    ...objects.flatMap((object): DesiredPolicy[] =>
      object.retention
        ? [{ kind: 'retention', on: object, times: { after: parseDuration(object.retention) } }]
        : [],
    ),
  ];
}

function refreshTimes({ refresh }: ContinuousAggregate): PolicyTimes {
  return {
    startOffset: parseDuration(refresh.startOffset),
    endOffset: parseDuration(refresh.endOffset),
    every: parseDuration(refresh.every),
  };
}

function sameTimes(desired: PolicyTimes, actual: PolicyTimes): boolean {
  return (Object.keys(desired) as (keyof PolicyTimes)[]).every((key) => {
    const [a, b] = [desired[key], actual[key]];
    return a !== undefined && b !== undefined && sameInterval(a, b);
  });
}

function step(
  action: 'add' | 'alter',
  policy: DesiredPolicy,
  sql: readonly string[],
  expired: Impact | undefined,
): Step {
  const object = nameOf(policy.on);
  const deletes = policy.kind === 'retention' && expired !== undefined;
  return {
    id: `${action}-policy:${object}:${policy.kind}`,
    object,
    action: action === 'add' ? 'create' : 'change',
    summary: describe(policy),
    sql,
    transactional: true,
    lock: 'none',
    hazards: deletes ? [deletion(object, policy, expired)] : [],
    ...(deletes ? { impact: expired } : {}),
  };
}

function removal(dialect: PolicyDialect, state: PolicyState): Step {
  return {
    id: `remove-policy:${state.object}:${state.kind}:${state.id}`,
    object: state.object,
    action: 'drop',
    summary: `${state.kind} policy that is not declared (job ${state.id})`,
    sql: dialect.remove(state),
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

function describe({ kind, times }: DesiredPolicy): string {
  const text = (interval: Interval | undefined): string => (interval ? formatInterval(interval) : 'ever');
  switch (kind) {
    case 'refresh':
      return `refresh from ${text(times.startOffset)} ago to ${text(times.endOffset)} ago, every ${text(times.every)}`;
    case 'retention':
      return `drop what is older than ${text(times.after)}`;
    case 'columnstore':
      return `convert chunks older than ${text(times.after)} to columnstore`;
    case 'chunks':
      return 'make chunks ahead of time';
  }
}

function deletion(object: string, policy: DesiredPolicy, { chunks, rows }: Impact): Hazard {
  return {
    name: 'deletes-data',
    reason: `the next run deletes ${chunks > 0 ? `${counted(chunks, 'chunk')}, ` : ''}about ${counted(rows, 'row')} of ${object} older than ${policy.times.after ? formatInterval(policy.times.after) : ''}`,
  };
}
