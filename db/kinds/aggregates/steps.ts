// The steps that change an aggregate: they add columns in place, or build and fill a new aggregate beside it and swap it in.
import { counted, describeImpact } from '../../core/quantities';
import { ident, interval, literal, relation } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import type { Hazard, Impact, Step } from '../../model';
import { NEXT } from './evolution';
import { EVER, goneBuckets } from './history';
import type { AggregateDialect, AggregateState, Figures, Gone, HandMadeIndex, Replacement } from './model';

/** From this size on, a step that reads a whole source needs consent: it takes minutes and much input and output. */
const LONG = { rows: 10_000_000, bytes: 4 * 1024 ** 3 } as const;

/** Keys in tsdb.pending_refresh. Only an object with such a key is treated as a leftover, and no object's name is such a key. */
export const nextKey = (name: string): string => `next:${name}`;
const oldKey = (name: string): string => `old:${name}`;

const remember = (key: string): string =>
  `INSERT INTO tsdb.pending_refresh (aggregate) VALUES (${literal(key)}) ON CONFLICT DO NOTHING`;
const forget = (key: string): string => `DELETE FROM tsdb.pending_refresh WHERE aggregate = ${literal(key)}`;

/** An aggregate that gets more columns. */
export interface Growth {
  readonly aggregate: ContinuousAggregate;
  readonly state: AggregateState;
  /** The types of its columns. */
  readonly types: ReadonlyMap<string, string>;
  readonly figures: Figures;
}

/** Adds columns to an aggregate in place, then fills them in for as long as source rows exist. */
export function grow(
  dialect: AggregateDialect,
  states: ReadonlyMap<string, AggregateState>,
  { aggregate, state, types, figures }: Growth,
): readonly Step[] {
  const name = nameOf(aggregate);
  const columns = aggregate.columnNames.slice(aggregate.columnNames.length - state.appended);
  const missing = new Map(columns.map((column) => [column, types.get(column) ?? 'unknown']));
  const add: Step = {
    id: `add-aggregate-columns:${name}:${columns.join(',')}`,
    object: name,
    action: 'change',
    summary: `add ${[...missing].map(([column, type]) => `${column} ${type}`).join(', ')}, in place`,
    sql: [...dialect.addColumns(aggregate, missing), remember(name)],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${name}, for an instant`,
    hazards: [],
  };
  return [add, refill(dialect, states, { aggregate, state }, figures)];
}

/**
 * Computes all buckets again whose source rows are all there, and leaves the others as they are. Which ones these are is
 * determined when the step runs, because rows may be dropped after the plan was made.
 */
export function refill(
  dialect: AggregateDialect,
  states: ReadonlyMap<string, AggregateState>,
  { aggregate, state }: { readonly aggregate: ContinuousAggregate; readonly state: AggregateState },
  figures?: Figures,
): Step {
  const name = nameOf(aggregate);
  // Up to the end of what is stored, because a manual refresh may have gone further than the policy does.
  const end = `public.time_bucket(${interval(aggregate.bucket)}, ${furthest(aggregate, state.watermark)})`;
  return {
    // The id is the same as after a creation, because a resumed run does not know which of the two was interrupted.
    id: `backfill-aggregate:${name}`,
    object: name,
    action: 'run',
    summary: `compute its buckets again from ${nameOf(aggregate.from)}${figures ? staysEmpty(figures.gone) : ''}`,
    sql: [
      `DO $refill$
DECLARE
  safe tstzrange;
  all_safe tstzrange[];
BEGIN
  SELECT ARRAY(SELECT unnest(tstzmultirange(tstzrange(NULL, ${end})) - gone.times)) INTO all_safe FROM (${goneBuckets(state, { states, ...EVER, unknown: 'strict' })}) gone;
  FOREACH safe IN ARRAY all_safe LOOP
    CALL public.refresh_continuous_aggregate(${regclass(aggregate)}, lower(safe), upper(safe)${dialect.force});
  END LOOP;
END $refill$`,
      forget(name),
    ],
    transactional: false,
    lock: 'none on readers and writers',
    ...reading(figures?.impact),
  };
}

function staysEmpty({ buckets, kept, to }: Gone): string {
  if (buckets === 0) return '';
  return `; new columns stay NULL in ${counted(buckets, 'bucket')} before ${to} (${counted(kept, 'row')}), because source rows of them are gone`;
}

/** Builds an aggregate anew under a temporary name, under which nobody reads it yet. */
export function buildNext(
  dialect: AggregateDialect,
  { aggregate, next }: Replacement,
  isBuilt: boolean,
  options: {
    readonly upTo?: string;
    readonly impact?: Impact;
    readonly indexes: readonly HandMadeIndex[];
  },
): readonly Step[] {
  const name = nameOf(next);
  const create: Step = {
    id: `create-aggregate:${name}`,
    object: nameOf(aggregate),
    action: 'create',
    summary: `build the declared query as ${next.name} beside the present one, from ${nameOf(next.from)} by ${next.bucket}`,
    sql: [
      ...dialect.create(next),
      // The table is empty, so this takes no time. The old indexes still have their names. Where the old aggregate outlives the
      // swap, the server chooses names.
      ...options.indexes.map(
        ({ name: index, definition }) =>
          `CREATE INDEX ${dialect.keepsOld ? '' : `${ident(`${index}${NEXT}`)} `}ON ${dialect.indexed(next)} USING ${definition}`,
      ),
      remember(nextKey(nameOf(aggregate))),
    ],
    transactional: true,
    lock: `ACCESS SHARE on ${nameOf(next.from)}`,
    hazards: [],
  };
  const fill: Step = {
    id: `backfill-aggregate:${name}`,
    object: nameOf(aggregate),
    action: 'run',
    summary: `fill ${next.name} from ${nameOf(next.from)}`,
    sql: [fillSql(next, options.upTo)],
    transactional: false,
    lock: 'none on readers and writers',
    ...reading(options.impact),
  };
  return isBuilt ? [fill] : [create, fill];
}

/** Refreshes the new aggregates once more, sources first, because rows arrived while they were filled. */
export function catchUp(replacements: readonly Replacement[], upTo: ReadonlyMap<string, string>): Step {
  return {
    id: `catch-up-aggregates:${replacements.map(({ next }) => nameOf(next)).join(',')}`,
    object: nameOf((replacements[0] as Replacement).aggregate),
    action: 'run',
    summary: 'refresh the new aggregates again, for rows that arrived in the meantime',
    sql: replacements.map(({ aggregate, next }) => fillSql(next, upTo.get(nameOf(aggregate)))),
    transactional: false,
    lock: 'none on readers and writers',
    hazards: [],
  };
}

/** Gives the new aggregates the names and grants of the old ones and the declared policies, in one transaction. */
export function swap(
  dialect: AggregateDialect,
  replacements: readonly Replacement[],
  replaced: readonly ContinuousAggregate[],
  extra: {
    readonly before: readonly string[];
    readonly after: readonly string[];
    readonly hazards: readonly Hazard[];
  },
): Step {
  const names = replacements.map(({ aggregate }) => nameOf(aggregate));
  const locked = replaced.map(nameOf);
  return {
    id: `swap-aggregates:${names.join(',')}`,
    object: names[0] as string,
    action: 'change',
    summary: `swap in ${replacements.map(({ next }) => nameOf(next)).join(', ')} with the names, grants and policies of ${names.join(', ')}`,
    sql: [
      ...extra.before,
      ...dialect.swap(replacements, replaced),
      ...extra.after,
      ...names.map((name) => forget(nextKey(name))),
      ...names.map(forget),
      ...(dialect.keepsOld ? locked.map((name) => remember(oldKey(name))) : []),
    ],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${locked.join(', ')}, for an instant`,
    hazards: extra.hazards,
  };
}

/** Drops an aggregate that a swap has replaced or an interrupted run has left. Nobody reads it. */
export function dropLeftover(
  dialect: AggregateDialect,
  leftover: { readonly schema: string; readonly name: string },
  { key, source }: { readonly key: string; readonly source: string },
): Step {
  return {
    id: `drop-aggregate:${nameOf(leftover)}`,
    object: key.slice(key.indexOf(':') + 1),
    action: 'drop',
    summary: key.startsWith('old:')
      ? `${leftover.name}, which has been replaced`
      : `${leftover.name}, which an interrupted run has left`,
    sql: [...dialect.drop(leftover), forget(key)],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${source}, for an instant`,
    hazards: [],
  };
}

function reading(impact: Impact | undefined): { hazards: readonly Hazard[]; impact?: Impact } {
  if (impact === undefined) return { hazards: [] };
  const isLong = impact.rows >= LONG.rows || impact.bytes >= LONG.bytes;
  const reason = `reads ${describeImpact(impact)}`;
  return { hazards: isLong ? [{ name: 'long-running', reason }] : [], impact };
}

// The new aggregate is filled at least as far as the old one, so that readers of stored buckets do not lose the newest ones.
const fillSql = (next: ContinuousAggregate, upTo: string | undefined): string =>
  `CALL public.refresh_continuous_aggregate(${regclass(next)}, NULL::timestamptz, ${furthest(next, upTo)})`;

function furthest({ refresh }: ContinuousAggregate, watermark: string | undefined): string {
  const end = `now() - ${interval(refresh.endOffset)}`;
  return watermark === undefined ? end : `greatest(${end}, ${watermark})`;
}

const regclass = (object: { readonly schema: string; readonly name: string }): string =>
  `${literal(relation(object))}::regclass`;
