// Kinds: aggregates, and the policies of all tables and aggregates. Both need to know which aggregates are built anew.
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Kind, PlanDb, Step } from '../../model';
import {
  desiredPolicies,
  type PoliciesState,
  type PolicyDialect,
  policies,
  presentPolicies,
} from '../policies';
import { compareAggregates, readAggregates } from './aggregates';
import type { AggregateDialect, AggregatesState, Gone } from './model';
import { readWindowLosses, windowLoss } from './refresh-windows';

interface SharedState {
  readonly aggregates: AggregatesState;
  readonly policies: PoliciesState;
  /** What wider refresh windows would lose, by aggregate. */
  readonly losses: ReadonlyMap<string, Gone>;
}

/**
 * The two kinds for one plan; they share one read. Replacing an aggregate also removes its jobs, so steps of the policies kind
 * would name jobs that are gone when they run. Therefore the step that swaps the aggregate adds the declared policies itself, with
 * the settings that nobody declares, and has the hazards of those steps, and the policies kind leaves them out.
 */
export function aggregatesAndPolicies(
  aggregateDialect: AggregateDialect,
  policyDialect: PolicyDialect,
): { readonly aggregates: Kind<SharedState>; readonly policies: Kind<SharedState> } {
  const policyKind = policies(policyDialect);
  const readBoth = async (db: PlanDb, desired: Desired): Promise<SharedState> => {
    const aggregates = await readAggregates(db, aggregateDialect, desired);
    const present = await policyKind.read(db, desired);
    return {
      aggregates,
      policies: present,
      losses: await readWindowLosses(db, desired, aggregates, present),
    };
  };
  let reading: Promise<SharedState> | undefined;
  const read = (db: PlanDb, desired: Desired): Promise<SharedState> => {
    reading ??= readBoth(db, desired);
    return reading;
  };
  const policySteps = (desired: Desired, { policies: present, losses }: SharedState): readonly Step[] =>
    (policyKind.compare(desired, present).steps ?? []).map((step) => {
      const loss = losses.get(step.object);
      const isRefresh = step.id.endsWith(':refresh');
      return loss && isRefresh
        ? { ...step, hazards: [...step.hazards, windowLoss(step.object, loss)] }
        : step;
    });
  return {
    aggregates: {
      name: 'aggregates',
      read,
      compare(desired, state) {
        const rebuilt = rebuiltNames(state);
        const find = presentPolicies(state.policies.policies);
        return compareAggregates(aggregateDialect, desired, state.aggregates, {
          sql: desiredPolicies(desired)
            .filter((policy) => rebuilt.has(nameOf(policy.on)) && policyDialect.runs(policy))
            .flatMap((policy) => {
              const before = find(policy);
              const changed = before !== undefined && (before.paused || before.kept.length > 0);
              return [
                ...policyDialect.add(policy),
                ...(changed ? policyDialect.carryOver(policy, before) : []),
              ];
            }),
          hazards: policySteps(desired, state)
            .filter(({ object }) => rebuilt.has(object))
            .flatMap(({ hazards }) => hazards),
        });
      },
    },
    policies: {
      name: 'policies',
      read,
      compare(desired, state) {
        const rebuilt = rebuiltNames(state);
        return {
          ...policyKind.compare(desired, state.policies),
          steps: policySteps(desired, state).filter(({ object }) => !rebuilt.has(object)),
        };
      },
    },
  };
}

const rebuiltNames = ({ aggregates }: SharedState): ReadonlySet<string> =>
  new Set(aggregates.evolution.rebuilt.map(({ aggregate }) => nameOf(aggregate)));
