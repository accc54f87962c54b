// Finds columns of aggregates that a rebuild would compute from source columns without values: a forgotten rename, or a column that is too new.
import { counted } from '../../core/quantities';
import { ident, literal } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import type { Db, Hazard } from '../../model';
import { isoText } from '../../server/ask';
import { countsRows, type SourceColumn, sourcesOf } from './column-sources';
import { type Emptiness, keyOf, readEmptiness } from './empty-columns';
import type { AggregateState, Changing, Evolution, Figures } from './model';
import type { Types } from './stored-columns';

/** A column of a rebuilt aggregate that has values now, and the source column without values that it would come from. */
interface Emptied {
  readonly aggregate: ContinuousAggregate;
  readonly state: AggregateState;
  readonly column: string;
  /** Whether it is stored under this name now. */
  readonly isStored: boolean;
  readonly source: SourceColumn;
  readonly because: Emptiness;
  /** What the column would hold. */
  readonly value: string;
}

/**
 * The hazards of the rebuilt aggregates, by name.
 * @param types the columns of the changing aggregates and of what they are built on.
 * @param figures those of the aggregates that change: where their source rows are gone, new columns in place stay NULL.
 */
export async function readEmptied(
  db: Db,
  evolution: Evolution,
  types: Types,
  figures: ReadonlyMap<string, Figures>,
): Promise<ReadonlyMap<string, readonly Hazard[]>> {
  const rebuilt = evolution.rebuilt.filter(hasState);
  if (rebuilt.length === 0) return new Map();
  const figuresAndGroups = rebuilt.flatMap(({ aggregate, state }) =>
    outputs(aggregate, types.get(nameOf(state.stored)) ?? new Map()).map((output) => ({
      ...output,
      aggregate,
      state,
      sources: sourcesOf({ of: aggregate, name: output.column }),
    })),
  );
  const sources = figuresAndGroups.flatMap((one) => one.sources);
  const empty = await readEmptiness(db, { sources, types, evolution, figures });
  const emptied = figuresAndGroups.flatMap(({ sources: own, ...one }): Emptied[] => {
    const without = own.filter((candidate) => empty.has(keyOf(candidate)));
    // One that has no values at all says more than one that has none before some time.
    const source =
      without.find((candidate) => empty.get(keyOf(candidate))?.until === undefined) ?? without[0];
    const because = source && empty.get(keyOf(source));
    if (source === undefined || because === undefined || !takesAway(one, lookalikesOf(source, types)))
      return [];
    return [{ ...one, source, because, value: valueIn(one.aggregate, one.column, source, because) }];
  });
  if (emptied.length === 0) return new Map();
  const { rows } = await db.query<BucketRow>(`${emptied.map(bucketQuery).join(' UNION ALL ')} ORDER BY at`);
  const hazards = new Map<string, Hazard[]>();
  for (const [at, one] of emptied.entries()) {
    const name = nameOf(one.aggregate);
    const row = rows[at] as BucketRow;
    if (row.filled > 0) hazards.set(name, [...(hazards.get(name) ?? []), hazard(one, row, types)]);
  }
  return hazards;
}

const hasState = (changing: Changing): changing is Changing & { readonly state: AggregateState } =>
  changing.state !== undefined;

// Columns that are stored under the same name, and new ones where a stored one goes: they may be the same.
function outputs(
  { columnNames }: ContinuousAggregate,
  stored: ReadonlyMap<string, string>,
): readonly { readonly column: string; readonly isStored: boolean }[] {
  const replaces = [...stored.keys()].some((column) => !columnNames.includes(column));
  return columnNames
    .map((column) => ({ column, isStored: stored.has(column) }))
    .filter(({ isStored }) => isStored || replaces);
}

// A new group would put all rows of a bucket into one. A new figure takes nothing away, unless it is an old one under a new name.
const takesAway = (
  { aggregate, column, isStored }: Pick<Emptied, 'aggregate' | 'column' | 'isStored'>,
  lookalikes: readonly string[],
): boolean => isStored || aggregate.groupBy.includes(column) || lookalikes.length > 0;

function valueIn(
  { select }: ContinuousAggregate,
  column: string,
  { of, name }: SourceColumn,
  { missing: isMissing }: Emptiness,
): string {
  const byDefault = of.kind === 'hypertable' ? of.columns[name]?.defaultSql : undefined;
  if (isMissing && byDefault !== undefined) return `computed from the default ${byDefault}`;
  return countsRows(select[column]) ? '0' : 'NULL';
}

interface BucketRow {
  readonly filled: number;
  readonly buckets: number;
  readonly from: string | null;
  readonly to: string | null;
}

function bucketQuery({ state, column, isStored, value, because }: Emptied, at: number): string {
  // A new column has no values yet: what goes are those of the column that it replaces, or the present groups.
  const hasValue = `${ident(column)} ${value === '0' ? '<> 0' : 'IS NOT NULL'}`;
  const filled = [
    isStored ? hasValue : 'true',
    ...(because.until === undefined ? [] : [`"bucket" < ${literal(because.until)}::timestamptz`]),
  ].join(' AND ');
  return `SELECT ${at} AS at, count(DISTINCT "bucket") FILTER (WHERE ${filled})::int AS filled, count(DISTINCT "bucket")::int AS buckets,
      ${isoText(`min("bucket") FILTER (WHERE ${filled})`)} AS "from", ${isoText(`max("bucket") FILTER (WHERE ${filled})`)} AS "to"
    FROM ${ident(state.stored.schema, state.stored.name)}`;
}

function hazard(
  { aggregate, column, source, because, value }: Emptied,
  row: BucketRow,
  types: Types,
): Hazard {
  const amount =
    row.filled === row.buckets
      ? `all ${counted(row.buckets, 'bucket')}`
      : `${row.filled} of ${counted(row.buckets, 'bucket')}`;
  return {
    name: 'loses-history',
    reason: `column ${column} of ${nameOf(aggregate)} will be ${value} in ${amount} from ${row.from} to ${row.to}, because it comes from ${keyOf(source)}, ${because.why}${hint(source, because, types)}`,
  };
}

function hint(source: SourceColumn, because: Emptiness, types: Types): string {
  const { of, name } = source;
  const alike = lookalikesOf(source, types);
  if (alike.length === 0) return '';
  const before = alike.map((other) => `${nameOf(of)}.${other}`).join(' or ');
  const calls = alike.map((other) => `.renamedFrom('${other}')`).join(' or ');
  const first = because.missing ? '' : `drop the empty ${name}, and `;
  return `; if ${nameOf(of)}.${name} is ${before} under a new name, ${first}declare ${calls}`;
}

/** The columns of its table that are not declared and have the same type. */
function lookalikesOf({ of, name }: SourceColumn, types: Types): readonly string[] {
  if (of.kind !== 'hypertable') return [];
  return [...(types.get(nameOf(of)) ?? [])]
    .filter(([other, type]) => !(other in of.columns) && type === of.columns[name]?.type)
    .map(([other]) => other);
}
