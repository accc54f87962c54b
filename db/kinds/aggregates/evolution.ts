// Decides for each aggregate with a changed query whether it is changed in place or built anew beside the old one.
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { AggregateState, Changing, Evolution, Replacement } from './model';

// Lint rule TS018 makes sure that a name with one of these still fits into 63 bytes.
export const NEXT = '__next';
export const OLD = '__old';

/**
 * Decides for every aggregate. It is changed in place if the only difference is new columns at the end of `select`. Otherwise
 * it is built anew, together with all aggregates on it: they read the object that they were created on, even after a rename.
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

// The rows come from the nearest source that is not rebuilt; every aggregate in between is computed from it again.
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
  return { aggregate, origin, ...(state === undefined ? {} : { state }) };
}

/** The rebuilt aggregates under their temporary names. If the source of one is rebuilt too, it reads the new source. */
export function replacementsOf({ rebuilt }: Evolution): readonly Replacement[] {
  const nexts = new Map<Relation, ContinuousAggregate>();
  return rebuilt.map(({ aggregate, state }) => {
    const from = nexts.get(aggregate.from) ?? aggregate.from;
    const next = { ...aggregate, from, name: `${aggregate.name}${NEXT}` };
    nexts.set(aggregate, next);
    return { aggregate, next, replaces: state !== undefined };
  });
}

/** The aggregates that are replaced. Each one comes before the aggregate that it reads. */
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
