// Finds stored buckets that a rebuild from another source would not have: the declared source has no rows for them.
import { counted } from '../../core/quantities';
import { ident, interval, literal, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db, Hazard } from '../../model';
import { isoText } from '../../server/ask';
import type { Types } from './empty-columns';
import type { AggregateState, Changing } from './model';

type Rebuilt = Changing & { readonly state: AggregateState };

interface MissingRow {
  readonly name: string;
  readonly buckets: number;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The hazards of aggregates that are rebuilt from another relation than the one that they read, by name; one query. The rows of
 * the present source do not help them, whether they are all there or not.
 * @param types the columns of the declared tables that exist.
 */
export async function readMissing(
  db: Db,
  rebuilt: readonly Rebuilt[],
  types: Types,
): Promise<ReadonlyMap<string, Hazard>> {
  const moved = rebuilt.filter((changing) => readsAnother(changing, rebuilt));
  const { rows } = await db.query<MissingRow>(
    // The first part asks for none, so that a plan has the same number of queries whatever changes.
    [
      `SELECT NULL AS name, 0 AS buckets, NULL AS "from", NULL AS "to" WHERE false`,
      ...moved.map((one) => missingQuery(one, types)),
    ].join(' UNION ALL '),
  );
  return new Map(
    rows.flatMap(({ name, buckets, from, to }): [string, Hazard][] => {
      const origin = moved.find(({ aggregate }) => nameOf(aggregate) === name)?.origin;
      if (buckets === 0 || origin === undefined) return [];
      const reason = `${counted(buckets, 'bucket')} of ${name} from ${from} to ${to} will be missing, because it is computed from ${nameOf(origin)} instead, which has no rows for them`;
      return [[name, { name: 'loses-history', reason }]];
    }),
  );
}

/** Whether an aggregate, or one that it is built on and that is rebuilt too, reads another relation than declared. */
function readsAnother({ aggregate, state }: Rebuilt, rebuilt: readonly Rebuilt[]): boolean {
  const { from } = aggregate;
  if (state.source !== nameOf(from)) return true;
  const source = rebuilt.find((other) => other.aggregate === from);
  return source !== undefined && readsAnother(source, rebuilt);
}

function missingQuery({ aggregate, state, origin }: Rebuilt, types: Types): string {
  // An origin that is an aggregate exists; a table may be created by this plan.
  const exists = origin.kind === 'aggregate' || types.get(nameOf(origin))?.has(origin.time) === true;
  const time = `o.${ident(origin.time)}`;
  const width = interval(state.width);
  const rows = `SELECT FROM ${relation(origin)} o WHERE ${time} >= s."bucket" AND ${time} < s."bucket" + ${width}`;
  return `SELECT ${literal(nameOf(aggregate))} AS name, count(*)::int AS buckets, ${isoText('min(s."bucket")')} AS "from", ${isoText(`(max(s."bucket") + ${width})`)} AS "to"
    FROM (SELECT DISTINCT "bucket" FROM ${ident(state.stored.schema, state.stored.name)}) s${exists ? ` WHERE NOT EXISTS (${rows})` : ''}`;
}
