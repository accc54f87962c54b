// Compares continuous aggregates. They are created empty, then filled with their history, and changed in place or built anew.
import { interval, literal, relation } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Db, Findings, PlanDb, Refusal, Step } from '../../model';
import { readColumnAttachments } from './column-attachments';
import { readEmptied } from './emptied';
import { evolutionOf, NEXT, OLD, replacementsOf } from './evolution';
import { readFigures } from './figures';
import type { AggregateDialect, AggregateState, AggregatesState, Moved } from './model';
import { columnTypes, readStates } from './queries';
import { leftoverSteps, rebuild } from './rebuild';
import { grow, refill } from './steps';
import { readStoredColumns } from './stored-columns';

/** Reads the declared aggregates and, for those that change, how much the change would read and lose. */
export async function readAggregates(
  db: PlanDb,
  dialect: AggregateDialect,
  desired: Desired,
): Promise<AggregatesState> {
  const states = await readStates(db, dialect, desired.aggregates);
  const evolution = evolutionOf(desired, states);
  const storedColumns = await readStoredColumns(db, [...evolution.grown, ...evolution.rebuilt]);
  const figures = await readFigures(db, dialect, states, evolution, storedColumns);
  const nexts = replacementsOf(evolution).map(({ next }) => next);
  const pending = await readPending(db);
  const rebuilt = evolution.rebuilt.map(({ aggregate }) => nameOf(aggregate));
  const inTheWay = rebuilt.flatMap((name) => [`${name}${NEXT}`, `${name}${OLD}`]);
  return {
    states,
    evolution,
    pending,
    occupied: await readOccupied(db, [...desired.aggregates.map(nameOf), ...inTheWay]),
    nexts: nexts.length > 0 && pending.length > 0 ? await readStates(db, dialect, nexts) : new Map(),
    emptied: await readEmptied(db, evolution, storedColumns, figures),
    figures,
    types: await columnTypes(
      db,
      evolution.grown.map(({ aggregate }) => aggregate),
    ),
    attachments: rebuilt.length > 0 ? await dialect.readAttachments(db, rebuilt) : new Map(),
    columnAttachments: await readColumnAttachments(
      db,
      rebuilt.flatMap((name) => states.get(name) ?? []),
    ),
  };
}

/**
 * Compares aggregates. New columns at the end of `select` are added in place; buckets that cannot be computed again keep NULL
 * in them. For any other change of the query a new aggregate is built beside the present one and swapped in, together with all
 * aggregates on it; buckets that cannot be computed again are then the hazard `loses-history`. A replacement without loss needs
 * no consent, except `long-running` for a large source. It is no `drops-object`, because the object is there again afterwards.
 */
export function compareAggregates(
  dialect: AggregateDialect,
  desired: Desired,
  actual: AggregatesState,
  moved: Moved,
): Partial<Findings> {
  const anew = rebuild(dialect, desired, actual, moved);
  const steps: Step[] = [...leftoverSteps(dialect, desired, actual)];
  const refusals: Refusal[] = [...anew.refusals];
  for (const aggregate of desired.aggregates) {
    const name = nameOf(aggregate);
    const state = actual.states.get(name);
    const occupant = actual.occupied.get(name);
    if (state === undefined && occupant !== undefined) refusals.push(nameTaken(name, occupant));
    else if (anew.building.has(name)) steps.push(...(anew.building.get(name) ?? []));
    else if (state === undefined) steps.push(create(dialect, aggregate), backfill(aggregate));
    else steps.push(...changes(dialect, actual, { aggregate, state }));
  }
  return {
    steps: [...steps, ...anew.swapping],
    refusals,
    warnings: anew.warnings,
    emulated: dialect.emulated !== undefined && desired.aggregates.length > 0 ? [dialect.emulated] : [],
  };
}

// The steps for an aggregate that is not rebuilt: new columns, the real-time flag, and filling that an interrupted run left open.
function changes(
  dialect: AggregateDialect,
  actual: AggregatesState,
  { aggregate, state }: { readonly aggregate: ContinuousAggregate; readonly state: AggregateState },
): readonly Step[] {
  const name = nameOf(aggregate);
  const steps: Step[] = [];
  const figures = actual.figures.get(name);
  const types = actual.types.get(name) ?? new Map<string, string>();
  if (!state.asDeclared && figures !== undefined)
    steps.push(...grow(dialect, actual.states, { aggregate, state, types, figures }));
  else if (actual.pending.includes(name)) steps.push(refill(dialect, actual.states, { aggregate, state }));
  if (state.realTime !== aggregate.realTime) steps.push(realTime(dialect, aggregate));
  return steps;
}

async function readOccupied(db: Db, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ name: string; kind: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS name,
            CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'S' THEN 'a sequence'
                           WHEN 'i' THEN 'an index' ELSE 'a table' END AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row.kind]));
}

async function readPending(db: Db): Promise<readonly string[]> {
  const { rows: present } = await db.query<{ present: boolean }>(
    `SELECT to_regclass('tsdb.pending_refresh') IS NOT NULL AS present`,
  );
  if (!present[0]?.present) return [];
  const { rows } = await db.query<{ aggregate: string }>(
    'SELECT aggregate FROM tsdb.pending_refresh ORDER BY since DESC, 1',
  );
  return rows.map((row) => row.aggregate);
}

function create(dialect: AggregateDialect, aggregate: ContinuousAggregate): Step {
  const name = nameOf(aggregate);
  return {
    id: `create-aggregate:${name}`,
    object: name,
    action: 'create',
    summary: `continuous aggregate of ${nameOf(aggregate.from)} by ${aggregate.bucket}${aggregate.realTime ? ', real-time' : ''}`,
    sql: [
      ...dialect.create(aggregate),
      `INSERT INTO tsdb.pending_refresh (aggregate) VALUES (${literal(name)}) ON CONFLICT DO NOTHING`,
    ],
    transactional: true,
    lock: `ACCESS SHARE on ${nameOf(aggregate.from)}`,
    hazards: [],
  };
}

// This must run before any policy does: a policy moves the watermark to now, and the history before its window would never be visible.
function backfill(aggregate: ContinuousAggregate): Step {
  const name = nameOf(aggregate);
  return {
    id: `backfill-aggregate:${name}`,
    object: name,
    action: 'run',
    summary: `fill in its history from ${nameOf(aggregate.from)}`,
    sql: [
      `CALL public.refresh_continuous_aggregate(${literal(relation(aggregate))}::regclass, NULL::timestamptz, now() - ${interval(aggregate.refresh.endOffset)})`,
      `DELETE FROM tsdb.pending_refresh WHERE aggregate = ${literal(name)}`,
    ],
    transactional: false,
    lock: 'none on readers and writers',
    hazards: [],
  };
}

function realTime(dialect: AggregateDialect, aggregate: ContinuousAggregate): Step {
  return {
    id: `real-time:${nameOf(aggregate)}`,
    object: nameOf(aggregate),
    action: 'change',
    summary: aggregate.realTime
      ? 'real-time off → on: includes rows newer than the last refresh'
      : 'real-time on → off: shows refreshed buckets only',
    sql: dialect.setRealTime(aggregate),
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(aggregate)}, for an instant`,
    hazards: [],
  };
}

function nameTaken(name: string, occupant: string): Refusal {
  return {
    object: name,
    what: `is ${occupant}, declared as a continuous aggregate`,
    why: 'it was not created from this declaration, so it is not dropped',
    wayOut: 'rename or drop it, or declare the aggregate under another name',
  };
}
