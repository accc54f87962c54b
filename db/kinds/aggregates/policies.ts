// Aggregates and policies of one plan: the policies of an aggregate that is built anew move with it.
import type { ContinuousAggregate } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Kind } from '../../model';
import { desiredPolicies, type PoliciesState, type PolicyDialect, policies } from '../policies';
import { aggregates } from './aggregates';
import type { AggregateDialect, AggregatesState, Moved } from './model';

interface SharedState<Own> {
  readonly own: Own;
  readonly policies: PoliciesState;
  /** Names of the aggregates that are replaced. */
  readonly rebuilt: ReadonlySet<string>;
}

/**
 * The two kinds, tied for one plan. A plan is made before its first step: steps for the policies of an aggregate that is
 * about to be replaced would name jobs that go away with it. So its swap adds the declared policies itself and carries the
 * hazards that their steps would have had, and the policies kind leaves them out.
 */
export function aggregatesAndPolicies(
  aggregateDialect: AggregateDialect,
  policyDialect: PolicyDialect,
): { aggregates: Kind<SharedState<AggregatesState>>; policies: Kind<SharedState<null>> } {
  const policyKind = policies(policyDialect);
  // Set when the aggregates of this plan are read, which is before the policies are.
  let rebuilt: ReadonlySet<string> = new Set();
  return {
    aggregates: {
      name: 'aggregates',
      async read(db, desired) {
        const own = await aggregates(aggregateDialect, () => ({ sql: [], hazards: [] })).read(db, desired);
        rebuilt = new Set(own.evolution.rebuilt.map(({ aggregate }) => nameOf(aggregate)));
        const state: PoliciesState =
          rebuilt.size > 0 ? await policyKind.read(db, desired) : { policies: [], expired: new Map() };
        return { own, policies: state, rebuilt };
      },
      compare: (desired, { own, policies: state }) =>
        aggregates(aggregateDialect, (replaced) => move(desired, state, replaced)).compare(desired, own),
    },
    policies: {
      name: 'policies',
      read: async (db, desired) => ({ own: null, policies: await policyKind.read(db, desired), rebuilt }),
      compare(desired, state) {
        const found = policyKind.compare(desired, state.policies);
        return { ...found, steps: found.steps?.filter(({ object }) => !state.rebuilt.has(object)) ?? [] };
      },
    },
  };

  function move(desired: Desired, state: PoliciesState, replaced: readonly ContinuousAggregate[]): Moved {
    const names = new Set(replaced.map(nameOf));
    const steps = policyKind.compare(desired, state).steps ?? [];
    return {
      sql: desiredPolicies(desired)
        .filter(({ kind, on }) => names.has(nameOf(on)) && policyDialect.kinds.includes(kind))
        .flatMap((policy) => policyDialect.add(policy)),
      hazards: steps.filter(({ object }) => names.has(object)).flatMap(({ hazards }) => hazards),
    };
  }
}
