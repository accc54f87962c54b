// Finds the stored buckets that a wider refresh window would reach although their source rows are gone.
import { groupBy } from '../../core/group-by';
import { counted } from '../../core/quantities';
import { interval, literal } from '../../core/sql';
import type { Desired } from '../../language/desired';
import { formatInterval, type Interval, sameInterval } from '../../language/interval';
import { nameOf } from '../../language/names';
import type { Db, Hazard } from '../../model';
import { isoText } from '../../server/ask';
import { desiredPolicies, type PoliciesState } from '../policies';
import { goneBuckets } from './history';
import type { AggregateState, AggregatesState, Gone } from './model';

/**
 * What the first run of each refresh policy that is added or reaches further back would lose, by aggregate. One statement, and
 * none when no window grows.
 */
export async function readWindowLosses(
  db: Db,
  desired: Desired,
  { states, evolution }: AggregatesState,
  { policies }: PoliciesState,
): Promise<ReadonlyMap<string, Gone>> {
  const rebuilt = new Set(evolution.rebuilt.map(({ aggregate }) => nameOf(aggregate)));
  const byObject = groupBy(
    policies.filter(({ kind }) => kind === 'refresh'),
    ({ object }) => object,
  );
  const queries = desiredPolicies(desired).flatMap(({ kind, on, times: { startOffset } }) => {
    const state = states.get(nameOf(on));
    if (kind !== 'refresh' || startOffset === undefined || state === undefined || rebuilt.has(state.name))
      return [];
    const present = byObject.get(state.name) ?? [];
    const offsets = present.flatMap(({ times }) => times.startOffset ?? []);
    const isOpen = offsets.length < present.length;
    if (isOpen || offsets.some((offset) => sameInterval(offset, startOffset))) return [];
    return [lossQuery(states, state, startOffset, offsets)];
  });
  if (queries.length === 0) return new Map();
  const { rows } = await db.query<Gone & { readonly name: string }>(queries.join(' UNION ALL '));
  return new Map(rows.filter(({ buckets }) => buckets > 0).map(({ name, ...gone }) => [name, gone]));
}

/** The hazard of a refresh policy whose window covers history without source rows. */
export const windowLoss = (name: string, { buckets, rows, from, to }: Gone): Hazard => ({
  name: 'loses-history',
  reason: `the next refresh computes ${counted(buckets, 'bucket')} of ${name} from ${from} to ${to} (${counted(rows, 'row')}) again, although source rows of them are gone, so they will be missing or incomplete. A startOffset that reaches back no further than ${to} keeps them`,
});

// The buckets that lie wholly inside of the new window, but not of a present one.
function lossQuery(
  states: ReadonlyMap<string, AggregateState>,
  state: AggregateState,
  startOffset: Interval,
  present: readonly Interval[],
): string {
  const width = interval(state.width);
  const start = (offset: Interval): string =>
    `public.time_bucket(${width}, now() - ${interval(formatInterval(offset))} + ${width} - interval '1 microsecond')`;
  const gone = goneBuckets(state, {
    states,
    lower: start(startOffset),
    upper: present.length === 0 ? `'infinity'` : `least(${present.map(start).join(', ')})`,
    unknown: 'lenient',
  });
  return `SELECT ${literal(state.name)} AS name, buckets, rows, kept, ${isoText('first')} AS "from", ${isoText('until')} AS "to" FROM (${gone}) gone`;
}
