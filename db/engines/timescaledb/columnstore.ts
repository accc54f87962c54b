// Kinds: columnstore (compression) of hypertables and aggregates, its layout in each chunk, and its removal. Only TimescaleDB has it.
import { ident, literal, relation as sqlName } from '../../core/sql';
import type { Relation } from '../../language/aggregate';
import { type Desired, relationsOf } from '../../language/desired';
import type { Columnstore } from '../../language/hypertable';
import { nameOf } from '../../language/names';
import type { Db, Findings, Impact, Kind, Step } from '../../model';
import { readChunkImpact } from '../../server/table-size';
import { relayoutStep, toRowsStep } from './columnstore-conversion';
import { type ColumnstoreState, type Layout, readColumnstores } from './columnstore-state';
import { frozenWarning, readFrozen } from './frozen-chunks';

interface ColumnstoresState {
  readonly states: readonly ColumnstoreState[];
  /** Figures of the chunks to convert, by relation. */
  readonly impact: ReadonlyMap<string, Impact>;
  /** Frozen chunks that differ from the declaration, by relation. */
  readonly frozen: ReadonlyMap<string, readonly string[]>;
}

/** Columnstore of hypertables, as declared. */
export const columnstore = declaredColumnstore('columnstore', (desired) => desired.hypertables);

/** Columnstore of aggregates, as declared. It comes after the aggregates themselves. */
export const aggregateColumnstore = declaredColumnstore(
  'columnstore of aggregates',
  (desired) => desired.aggregates,
);

/**
 * Columnstores that are on, but not declared. This comes after the policies: a policy that is still there would convert chunks
 * again, and would always fail on a table without columnstore.
 */
export const undeclaredColumnstore: Kind<ColumnstoresState> = {
  name: 'undeclared columnstore',
  async read(db, desired) {
    const states = (await readColumnstores(db, undeclaredIn(desired))).filter(({ enabled }) => enabled);
    return {
      states,
      ...(await toConvert(db, new Map(states.map((state) => [state.relation, chunkNames(state)])))),
    };
  },
  compare(desired, { states, impact, frozen }) {
    const byName = byRelation(states);
    const steps = undeclaredIn(desired).flatMap((relation) => {
      const state = byName.get(nameOf(relation));
      if (state === undefined) return [];
      const chunks = impact.get(nameOf(relation));
      return [
        ...(chunks === undefined ? [] : [toRowsStep(relation, chunks)]),
        // The server switches no columnstore off as long as a chunk is in it.
        ...(frozen.has(state.relation) ? [] : [switchOff(relation, state)]),
      ];
    });
    return { steps, warnings: warningsOf(frozen, 'stays in the columnstore, which therefore stays on') };
  },
};

const byRelation = (states: readonly ColumnstoreState[]): ReadonlyMap<string, ColumnstoreState> =>
  new Map(states.map((state) => [state.relation, state]));

const undeclaredIn = (desired: Desired): readonly Relation[] =>
  relationsOf(desired).filter((relation) => relation.columnstore === undefined);

function declaredColumnstore(
  name: string,
  relationsOf: (desired: Desired) => readonly Relation[],
): Kind<ColumnstoresState> {
  return {
    name,
    async read(db, desired) {
      const relations = relationsOf(desired).filter((relation) => relation.columnstore !== undefined);
      const states = await readColumnstores(db, relations);
      const byName = byRelation(states);
      const outdated = relations.flatMap((relation): [string, readonly string[]][] => {
        const state = byName.get(nameOf(relation));
        return state === undefined ? [] : [[state.relation, outdatedChunks(relation, state)]];
      });
      return { states, ...(await toConvert(db, new Map(outdated))) };
    },
    compare(desired, { states, impact, frozen }) {
      const byName = byRelation(states);
      return {
        steps: relationsOf(desired).flatMap((relation) =>
          compareRelation(relation, byName.get(nameOf(relation)), impact.get(nameOf(relation))),
        ),
        warnings: warningsOf(frozen, 'keeps its segments and order'),
      } satisfies Partial<Findings>;
    },
  };
}

function compareRelation(
  relation: Relation,
  state: ColumnstoreState | undefined,
  outdated: Impact | undefined,
): readonly Step[] {
  const declared = relation.columnstore;
  if (declared === undefined) return [];
  const set = state?.enabled && sameLayout(layoutOf(relation, declared), state);
  return [
    ...(set ? [] : [switchOn(relation, declared, state)]),
    ...(outdated === undefined ? [] : [relayoutStep(relation, outdated)]),
  ];
}

const chunkNames = (state: ColumnstoreState): readonly string[] => state.chunks.flatMap(({ names }) => names);

/** Figures of the chunks that can be converted, and the others. */
async function toConvert(
  db: Db,
  chunks: ReadonlyMap<string, readonly string[]>,
): Promise<Pick<ColumnstoresState, 'impact' | 'frozen'>> {
  const all = [...chunks.values()].flat();
  const frozen = await readFrozen(db, all);
  return {
    impact: await readChunkImpact(
      db,
      'timescaledb',
      all.filter((chunk) => !frozen.has(chunk)),
    ),
    frozen: new Map(
      [...chunks]
        .map(([relation, own]) => [relation, own.filter((chunk) => frozen.has(chunk))] as const)
        .filter(([, own]) => own.length > 0),
    ),
  };
}

const warningsOf = (frozen: ColumnstoresState['frozen'], keeps: string): readonly string[] =>
  [...frozen].flatMap(([relation, chunks]) => chunks.map((chunk) => frozenWarning(relation, chunk, keeps)));

function outdatedChunks(relation: Relation, state: ColumnstoreState): readonly string[] {
  if (relation.columnstore === undefined) return [];
  const declared = layoutOf(relation, relation.columnstore);
  return state.chunks.filter((chunk) => !sameLayout(declared, chunk)).flatMap(({ names }) => names);
}

// The server adds the time column, newest first, to an order without it. If no order is declared, the server chooses one for
// each chunk.
function layoutOf(relation: Relation, { segmentBy, orderBy }: Columnstore): Layout {
  const keys =
    orderBy.length === 0 || orderBy.some(({ column }) => column === relation.time)
      ? orderBy
      : [...orderBy, { column: relation.time, descending: true }];
  return {
    segmentBy,
    orderBy: keys.map(({ column }) => column),
    descending: keys.map(({ descending }) => descending),
    // A declared order puts NULL where PostgreSQL does by default: first when descending.
    nullsFirst: keys.map(({ descending }) => descending),
  };
}

function sameLayout(declared: Layout, actual: Layout): boolean {
  const same = (key: keyof Layout): boolean => JSON.stringify(declared[key]) === JSON.stringify(actual[key]);
  return (
    same('segmentBy') &&
    (declared.orderBy.length === 0 || (same('orderBy') && same('descending') && same('nullsFirst')))
  );
}

/** The settings that switch a columnstore on, as they stand in `SET (…)`. */
export function columnstoreSettings({
  segmentBy,
  orderBy,
}: Pick<Columnstore, 'segmentBy' | 'orderBy'>): string {
  const segments = segmentBy.map((column) => ident(column)).join(', ');
  const order = orderBy
    .map(({ column, descending }) => `${ident(column)} ${descending ? 'DESC' : 'ASC'}`)
    .join(', ');
  // The server rejects an empty order. Without the setting it chooses one.
  return [
    'timescaledb.enable_columnstore = true',
    `timescaledb.segmentby = ${literal(segments)}`,
    ...(order === '' ? [] : [`timescaledb.orderby = ${literal(order)}`]),
  ].join(', ');
}

function switchOn(relation: Relation, declared: Columnstore, state: ColumnstoreState | undefined): Step {
  return {
    id: `columnstore:${nameOf(relation)}`,
    object: nameOf(relation),
    action: state?.enabled ? 'change' : 'create',
    summary: `columnstore ${[...(state?.enabled ? [describe(state)] : []), describe(layoutOf(relation, declared))].join(' → ')}`,
    sql: [`${alter(relation)} SET (${columnstoreSettings(declared)})`],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(relation)}, for an instant`,
    hazards: [],
  };
}

function describe({ segmentBy, orderBy, descending, nullsFirst }: Layout): string {
  // NULL comes first in a descending order unless a setting says otherwise.
  const keys = orderBy.map(
    (column, at) =>
      `${column}${descending[at] ? ' DESC' : ''}${nullsFirst[at] === descending[at] ? '' : ` NULLS ${nullsFirst[at] ? 'FIRST' : 'LAST'}`}`,
  );
  return [
    segmentBy.length === 0 ? 'without segments' : `by ${segmentBy.join(', ')}`,
    ...(keys.length === 0 ? [] : [`ordered by ${keys.join(', ')}`]),
  ].join(', ');
}

function switchOff(relation: Relation, state: ColumnstoreState): Step {
  return {
    id: `columnstore-off:${nameOf(relation)}`,
    object: nameOf(relation),
    action: 'drop',
    summary: `columnstore ${describe(state)}: not declared`,
    sql: [`${alter(relation)} SET (timescaledb.enable_columnstore = false)`],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(relation)}, for an instant`,
    hazards: [
      {
        name: 'drops-object',
        reason: `rows of ${nameOf(relation)} are not compressed any more, and the settings of the columnstore are lost`,
      },
    ],
  };
}

const alter = (relation: Relation): string =>
  `ALTER ${relation.kind === 'aggregate' ? 'MATERIALIZED VIEW' : 'TABLE'} ${sqlName(relation)}`;
