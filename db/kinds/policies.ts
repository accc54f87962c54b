// Kind: policies, which are the jobs that the server runs by itself: refresh, retention, columnstore, and chunks made ahead of time.
import { groupBy } from '../core/group-by';
import { counted } from '../core/quantities';
import type { ContinuousAggregate, Relation } from '../language/aggregate';
import { type Desired, relationsOf } from '../language/desired';
import { formatInterval, parseDuration } from '../language/interval';
import { nameOf } from '../language/names';
import type { Db, Hazard, Impact, Kind, Step } from '../model';
import {
  type DesiredPolicy,
  describe,
  describeChange,
  isAsDeclared,
  type PolicyState,
  type PolicyTimes,
  sameTimes,
  settingsOf,
} from './policy-state';

export interface PoliciesState {
  readonly policies: readonly PolicyState[];
  /** What a retention that is added or changed would delete on its next run, by object. */
  readonly expired: ReadonlyMap<string, Impact>;
}

/** How an engine reads and writes policies. */
export interface PolicyDialect {
  /** Whether this engine runs such a policy on such an object. */
  runs(policy: DesiredPolicy): boolean;
  read(db: Db, desired: Desired): Promise<readonly PolicyState[]>;
  /** What the declared retention of these objects would delete on its next run, by object. */
  readExpired(db: Db, objects: readonly Relation[]): Promise<ReadonlyMap<string, Impact>>;
  add(policy: DesiredPolicy): readonly string[];
  alter(policy: DesiredPolicy, state: PolicyState): readonly string[];
  remove(state: PolicyState): readonly string[];
  /** A statement, for people, that resumes a paused policy. */
  resume(id: number): string;
  /** Gives a policy that was just added to a rebuilt aggregate the settings of the one that it replaces. */
  carryOver(policy: DesiredPolicy, state: PolicyState): readonly string[];
}

export function policies(dialect: PolicyDialect): Kind<PoliciesState> {
  return {
    name: 'policies',
    async read(db, desired) {
      const present = await dialect.read(db, desired);
      // Counting is slow where there are thousands of chunks.
      const find = presentPolicies(present);
      const changing = desiredPolicies(desired)
        .filter((policy) => {
          const state = find(policy);
          return policy.kind === 'retention' && (state === undefined || !isAsDeclared(policy, state));
        })
        .map(({ on }) => on);
      const expired = changing.length > 0 ? await dialect.readExpired(db, changing) : new Map();
      return { policies: present, expired };
    },
    compare(desired, actual) {
      const steps: Step[] = [];
      const kept = new Set<PolicyState>();
      const find = presentPolicies(actual.policies);
      for (const policy of desiredPolicies(desired).filter(dialect.runs)) {
        const state = find(policy);
        const expired = actual.expired.get(nameOf(policy.on));
        if (state !== undefined) kept.add(state);
        if (state === undefined) steps.push(step('add', policy, dialect.add(policy), expired));
        else if (!isAsDeclared(policy, state))
          steps.push({
            ...step('alter', policy, dialect.alter(policy, state), expired),
            summary: describeChange(policy, state),
          });
      }
      const declared = new Set(relationsOf(desired).map(nameOf));
      const surplus = actual.policies.filter((state) => declared.has(state.object) && !kept.has(state));
      steps.push(...surplus.map((state) => removal(dialect, state, [...kept])));
      return { steps, ...settingsOf([...kept], dialect.resume) };
    },
  };
}

/** Finds the policy that serves as a declared one. If there are duplicates, it is one that is as declared. */
export function presentPolicies(
  policies: readonly PolicyState[],
): (policy: DesiredPolicy) => PolicyState | undefined {
  const byObject = groupBy(policies, ({ kind, object }) => `${kind} ${object}`);
  return (policy) => {
    const candidates = byObject.get(`${policy.kind} ${nameOf(policy.on)}`) ?? [];
    return candidates.find((one) => isAsDeclared(policy, one)) ?? candidates[0];
  };
}

/**
 * What is already older than the declared retention of objects; `rows` is an estimate of the last ANALYZE.
 * @param join joins `k`, the chunks of the object `d.name` whose rows end before `now() - d.after`, and `f`, its `rows` and `bytes`.
 */
export async function readExpired(
  db: Db,
  objects: readonly Relation[],
  join: string,
): Promise<ReadonlyMap<string, Impact>> {
  const kept = objects.filter((object) => object.retention !== undefined);
  const { rows } = await db.query<Impact & { readonly name: string }>(
    `SELECT d.name, count(*)::int AS chunks, sum(f.rows)::float8 AS rows, sum(f.bytes)::float8 AS bytes
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

// Rows stay when a retention or a columnstore policy goes. Buckets that only the removed refresh computes would go stale.
function removal(dialect: PolicyDialect, state: PolicyState, kept: readonly PolicyState[]): Step {
  const isCopy = kept.some(
    ({ kind, object, times }) =>
      kind === state.kind && object === state.object && sameTimes(times, state.times),
  );
  return {
    id: `remove-policy:${state.object}:${state.kind}:${state.id}`,
    object: state.object,
    action: 'drop',
    summary: `${describe(state)}: not declared (job ${state.id})`,
    sql: dialect.remove(state),
    transactional: true,
    lock: 'none',
    hazards:
      state.kind === 'refresh' && !isCopy
        ? [
            {
              name: 'drops-object',
              reason: `buckets of ${state.object} that only job ${state.id} refreshes are not refreshed any more`,
            },
          ]
        : [],
  };
}

function deletion(object: string, policy: DesiredPolicy, { chunks, rows }: Impact): Hazard {
  return {
    name: 'deletes-data',
    reason: `the next run deletes ${chunks > 0 ? `${counted(chunks, 'chunk')}, ` : ''}about ${counted(rows, 'row')} of ${object} older than ${policy.times.after ? formatInterval(policy.times.after) : ''}`,
  };
}
