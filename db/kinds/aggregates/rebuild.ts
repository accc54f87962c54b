// Plans how aggregates are built anew beside the present ones and swapped in, and removes leftovers of interrupted runs.
import { ident } from '../../core/sql';
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Refusal, Step } from '../../model';
import { NEXT, OLD, replacedLeafFirst, replacementsOf } from './evolution';
import { historyLoss, keepPromise } from './history-loss';
import type {
  AggregateDialect,
  AggregatesState,
  ColumnAttachment,
  HandMadeIndex,
  Moved,
  Replacement,
} from './model';
import { buildNext, catchUp, dropLeftover, nextKey, swap } from './steps';

export interface Rebuild {
  /** Steps that build the new aggregates, by name; in the plan they stand where the aggregate stands. */
  readonly building: ReadonlyMap<string, readonly Step[]>;
  /** Steps that come after the steps of all aggregates. */
  readonly swapping: readonly Step[];
  readonly refusals: readonly Refusal[];
  /** What a rebuild cannot carry over. */
  readonly warnings: readonly string[];
}

/**
 * Plans the rebuilds. All of them share one swap, so that a reader of two aggregates sees both change at the same time.
 * Aggregates that an interrupted run has built are used if they are exactly as declared now.
 */
export function rebuild(
  dialect: AggregateDialect,
  desired: Desired,
  actual: AggregatesState,
  moved: Moved,
): Rebuild {
  const { rebuilt } = actual.evolution;
  if (rebuilt.length === 0) return { building: new Map(), swapping: [], refusals: [], warnings: [] };
  const replacements = replacementsOf(actual.evolution);
  const refusals = replacements.flatMap((replacement) => obstacles(desired, actual, replacement));
  const reuse = isContinued(actual);
  const marks = new Map(
    rebuilt.flatMap(({ state }) => (state ? [[state.name, state.watermark] as const] : [])),
  );
  const building = replacements.map((replacement): [string, readonly Step[]] => {
    const name = nameOf(replacement.aggregate);
    const upTo = marks.get(name);
    // There are no figures yet for a source that is rebuilt as well.
    const isNew = replacement.next.from !== replacement.aggregate.from;
    const impact = isNew ? undefined : actual.figures.get(name)?.impact;
    const built = reuse && actual.nexts.has(nameOf(replacement.next));
    return [
      name,
      buildNext(dialect, replacement, built, {
        indexes: survivors(actual, replacement.aggregate).flatMap(({ index }) => index ?? []),
        ...(upTo === undefined ? {} : { upTo }),
        ...(impact === undefined ? {} : { impact }),
      }),
    ];
  });
  const replaced = replacedLeafFirst(actual.evolution);
  const attached = replaced.flatMap((one) => [
    ...(actual.attachments.get(nameOf(one))?.statements ?? []),
    ...survivors(actual, one).flatMap(({ statement, index }) => [
      ...(statement === null ? [] : [statement]),
      ...(index === null || dialect.keepsOld ? [] : [finalName(actual, one, index)]),
    ]),
  ]);
  const losses = replaced.flatMap((one) => {
    const figures = actual.figures.get(nameOf(one));
    return figures ? [{ name: nameOf(one), figures }] : [];
  });
  return {
    building: new Map(building),
    swapping: [
      catchUp(replacements, marks),
      swap(dialect, replacements, replaced, {
        before: losses.flatMap(({ name, figures }) => keepPromise(actual.states, name, figures)),
        after: [...attached, ...moved.sql],
        hazards: [
          ...losses.flatMap(({ name, figures }) => historyLoss(name, figures)),
          ...replaced.flatMap((one) => actual.emptied.get(nameOf(one)) ?? []),
          ...moved.hazards,
        ],
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
    warnings: replaced.flatMap((one) => lost(actual, one)),
  };
}

const attachedTo = (actual: AggregatesState, aggregate: ContinuousAggregate): readonly ColumnAttachment[] =>
  actual.columnAttachments.get(nameOf(aggregate)) ?? [];

/** What is carried over to the new aggregate, because its columns are still declared. */
const survivors = (actual: AggregatesState, aggregate: ContinuousAggregate): readonly ColumnAttachment[] =>
  attachedTo(actual, aggregate).filter(
    ({ columns, index, statement }) =>
      (index ?? statement) !== null && columns.every((column) => aggregate.columnNames.includes(column)),
  );

// On the engine whose swap drops the old index.
const finalName = (
  { states }: AggregatesState,
  aggregate: ContinuousAggregate,
  { name }: HandMadeIndex,
): string =>
  `ALTER INDEX IF EXISTS ${ident(states.get(nameOf(aggregate))?.stored.schema ?? '', `${name}${NEXT}`)} RENAME TO ${ident(name)}`;

function lost(actual: AggregatesState, aggregate: ContinuousAggregate): readonly string[] {
  const kept = survivors(actual, aggregate);
  const gone = attachedTo(actual, aggregate).filter((one) => !kept.includes(one));
  return [...new Set(gone.map(({ what }) => what))].map(
    (what) =>
      `${what} of ${nameOf(aggregate)} was made by hand and goes with the rebuild, because the new aggregate cannot have it`,
  );
}

/** Steps that remove leftovers of an abandoned run, newest first, because newer ones read older ones. */
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

// The new aggregates read each other, so if one of them is outdated, none is used.
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
      refuse(
        `replacing it needs the name ${nameOf(temporary)}, but that is ${occupant}`,
        'rename or drop that',
      );
    }
  }
  const declared = new Set(aggregates.map(nameOf));
  const dependents = (actual.attachments.get(object)?.dependents ?? []).filter((name) => !declared.has(name));
  if (dependents.length > 0) {
    refuse(
      `${dependents.join(', ')} would still read the old aggregate`,
      `drop ${dependents.length === 1 ? 'it' : 'them'}, apply, and create ${dependents.length === 1 ? 'it' : 'them'} again`,
    );
  }
  return found;
}

function root(source: Relation): Relation {
  return source.kind === 'aggregate' ? root(source.from) : source;
}
