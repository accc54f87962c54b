// Builds aggregates anew beside the present ones and swaps them in; finds what an interrupted run has left of that.
import type { Relation } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Refusal, Step } from '../../model';
import { NEXT, OLD, replacedLeafFirst, replacementsOf } from './evolution';
import type { AggregateDialect, AggregatesState, Moved, Replacement } from './model';
import { buildNext, catchUp, dropLeftover, historyLoss, nextKey, swap } from './steps';

export interface Rebuild {
  /** Steps that build the new ones, by the name of the aggregate: they come in the place of that aggregate. */
  readonly building: ReadonlyMap<string, readonly Step[]>;
  /** Steps that come after all of them. */
  readonly swapping: readonly Step[];
  readonly refusals: readonly Refusal[];
}

/**
 * Plans the rebuilds. All that are due at once share one swap: readers of two aggregates see both change together.
 * What an interrupted run has built is used when it is exactly what is declared now.
 */
export function rebuild(
  dialect: AggregateDialect,
  desired: Desired,
  actual: AggregatesState,
  moved: Moved,
): Rebuild {
  const { rebuilt } = actual.evolution;
  if (rebuilt.length === 0) return { building: new Map(), swapping: [], refusals: [] };
  const replacements = replacementsOf(actual.evolution);
  const refusals = replacements.flatMap((replacement) => obstacles(desired, actual, replacement));
  const reuse = isContinued(actual);
  const marks = new Map(
    rebuilt.flatMap(({ state }) => (state ? [[state.name, state.watermark] as const] : [])),
  );
  const building = replacements.map((replacement): [string, readonly Step[]] => {
    const name = nameOf(replacement.aggregate);
    const upTo = marks.get(name);
    // A source that is rebuilt as well has no figures yet.
    const isNew = replacement.next.from !== replacement.aggregate.from;
    const impact = isNew ? undefined : actual.figures.get(name)?.impact;
    const built = reuse && actual.nexts.has(nameOf(replacement.next));
    return [
      name,
      buildNext(dialect, replacement, built, {
        ...(upTo === undefined ? {} : { upTo }),
        ...(impact === undefined ? {} : { impact }),
      }),
    ];
  });
  const replaced = replacedLeafFirst(actual.evolution);
  const attached = replaced.flatMap((one) => actual.attachments.get(nameOf(one))?.statements ?? []);
  const losses = replaced.flatMap((one) => {
    const figures = actual.figures.get(nameOf(one));
    return figures ? historyLoss(nameOf(one), figures) : [];
  });
  return {
    building: new Map(building),
    swapping: [
      catchUp(replacements, marks),
      swap(dialect, replacements, replaced, {
        sql: [...attached, ...moved.sql],
        hazards: [...losses, ...moved.hazards],
      }),
      ...(dialect.keepsOld ? replaced : []).map((one) =>
        dropLeftover(
          dialect,
          { schema: one.schema, name: `${one.name}${OLD}` },
          { key: `old:${nameOf(one)}`, source: nameOf(root(one)) },
        ),
      ),
    ],
    refusals,
  };
}

/** Steps that remove what an interrupted run has left and nobody goes on with, the newest first: it reads the older. */
export function leftoverSteps(
  dialect: AggregateDialect,
  desired: Desired,
  actual: AggregatesState,
): readonly Step[] {
  const keep = isContinued(actual);
  return actual.pending.flatMap((key) => {
    const [mark, name = ''] = key.split(':');
    if (mark !== 'old' && (mark !== 'next' || keep)) return [];
    const [schema = '', base = ''] = name.split('.');
    const aggregate = desired.aggregates.find((candidate) => nameOf(candidate) === name);
    const source = aggregate ? nameOf(root(aggregate)) : `the source of ${name}`;
    return [
      dropLeftover(dialect, { schema, name: `${base}${mark === 'old' ? OLD : NEXT}` }, { key, source }),
    ];
  });
}

// All or nothing: new ones read each other, so one that is outdated outdates the others.
function isContinued({ pending, nexts, evolution }: AggregatesState): boolean {
  const left = pending.filter((key) => key.startsWith('next:'));
  if (left.length === 0) return false;
  const expected = new Map(
    replacementsOf(evolution).map((replacement) => [nextKey(nameOf(replacement.aggregate)), replacement]),
  );
  return left.every((key) => {
    const replacement = expected.get(key);
    const state = replacement && nexts.get(nameOf(replacement.next));
    return state?.asDeclared === true && state.realTime === replacement?.aggregate.realTime;
  });
}

function obstacles(
  { aggregates }: Desired,
  actual: AggregatesState,
  { aggregate, next, replaces }: Replacement,
): readonly Refusal[] {
  const object = nameOf(aggregate);
  const found: Refusal[] = [];
  const refuse = (why: string, wayOut: string): void => {
    found.push({ object, what: 'computes something else than declared', why, wayOut });
  };
  const old = { schema: aggregate.schema, name: `${aggregate.name}${OLD}` };
  for (const [mark, temporary] of [['next', next], ...(replaces ? [['old', old] as const] : [])] as const) {
    const occupant = actual.occupied.get(nameOf(temporary));
    if (occupant !== undefined && !actual.pending.includes(`${mark}:${object}`)) {
      refuse(`replacing it takes the name ${nameOf(temporary)}, which is ${occupant}`, 'rename or drop that');
    }
  }
  const declared = new Set(aggregates.map(nameOf));
  const dependents = (actual.attachments.get(object)?.dependents ?? []).filter((name) => !declared.has(name));
  if (dependents.length > 0) {
    refuse(
      `${dependents.join(', ')} would go on reading the old one`,
      `drop ${dependents.length === 1 ? 'it' : 'them'}, apply, and create ${dependents.length === 1 ? 'it' : 'them'} again`,
    );
  }
  return found;
}

function root(source: Relation): Relation {
  return source.kind === 'aggregate' ? root(source.from) : source;
}
