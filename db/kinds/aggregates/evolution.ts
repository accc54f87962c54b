// Decides how aggregates whose query changed are changed: in place, or built anew beside the old one.
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { AggregateState, Changing, Evolution, Replacement } from './model';

// Lint rule TS018 leaves room for these within the 63 bytes of a name.
export const NEXT = '__next';
export const OLD = '__old';

/**
 * The rung of the ladder for every aggregate.
 * In place: only columns at the end of `select` are new. Anything else is built anew, together with all that is built on
 * it: a dependent keeps reading the aggregate that it was created on, whatever that is called later.
 */
export function evolutionOf({ aggregates }: Desired, states: ReadonlyMap<string, AggregateState>): Evolution {
  const rebuilt = new Set<Relation>();
  const grown: ContinuousAggregate[] = [];
  for (const aggregate of aggregates) {
    const state = states.get(nameOf(aggregate));
    const differs = state !== undefined && !state.asDeclared;
    if (rebuilt.has(aggregate.from) || (differs && state.appended === 0)) rebuilt.add(aggregate);
    else if (differs) grown.push(aggregate);
  }
  const changing = (aggregate: ContinuousAggregate): Changing => changingOf(states, aggregate, rebuilt);
  return {
    grown: grown.map(changing),
    rebuilt: aggregates.filter((aggregate) => rebuilt.has(aggregate)).map(changing),
  };
}

/** An aggregate that stays, with the relation that it can be computed again from. */
export function stayingOf(
  states: ReadonlyMap<string, AggregateState>,
  aggregate: ContinuousAggregate,
): Changing {
  // What it reads stays too: otherwise it would be rebuilt with it.
  return changingOf(states, aggregate, new Set());
}

// Rows come from the first relation up the hierarchy that stays: what is between is computed from it again.
function changingOf(
  states: ReadonlyMap<string, AggregateState>,
  aggregate: ContinuousAggregate,
  rebuilt: ReadonlySet<Relation>,
): Changing {
  const originOf = (source: Relation): Relation =>
    source.kind === 'aggregate' && (rebuilt.has(source) || !states.has(nameOf(source)))
      ? originOf(source.from)
      : source;
  const origin = originOf(aggregate.from);
  const state = states.get(nameOf(aggregate));
  const originState = states.get(nameOf(origin));
  return {
    aggregate,
    origin,
    ...(state === undefined ? {} : { state }),
    ...(originState === undefined ? {} : { originState }),
  };
}

/** The rebuilt aggregates under their temporary names, each on the new one of its source where there is one. */
export function replacementsOf({ rebuilt }: Evolution): readonly Replacement[] {
  const nexts = new Map<Relation, ContinuousAggregate>();
  return rebuilt.map(({ aggregate, state }) => {
    const from = nexts.get(aggregate.from) ?? aggregate.from;
    const next = { ...aggregate, from, name: `${aggregate.name}${NEXT}` };
    nexts.set(aggregate, next);
    return { aggregate, next, replaces: state !== undefined };
  });
}

/** The aggregates that are replaced, in an order in which readers come before what they read. */
export function replacedLeafFirst({ rebuilt }: Evolution): readonly ContinuousAggregate[] {
  const states = new Map(rebuilt.flatMap(({ state }) => (state ? [[state.name, state] as const] : [])));
  const depth = (name: string): number => {
    const state = states.get(name);
    return state === undefined ? 0 : 1 + depth(state.source);
  };
  return rebuilt
    .filter(({ state }) => state !== undefined)
    .map(({ aggregate }) => aggregate)
    .sort((a, b) => depth(nameOf(b)) - depth(nameOf(a)));
}
