// Finds figures that a rebuild would compute from source columns without values: a forgotten rename, or a column that is too new.
import { counted } from '../../core/quantities';
import { ident, literal, relation } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import type { Db, Hazard } from '../../model';
import { isoText } from '../../server/ask';
import { withSavepointRollback } from '../../server/savepoint';
import { countsRows, type SourceColumn, sourcesOf } from './column-sources';
import type { AggregateState, Changing, Evolution, Figures } from './model';

/** A column of a rebuilt aggregate that has values now, and the source column without values that it would come from. */
interface Emptied {
  readonly aggregate: ContinuousAggregate;
  readonly state: AggregateState;
  readonly column: string;
  readonly source: SourceColumn;
  readonly because: Emptiness;
  /** What the column would hold. */
  readonly value: string;
}

/** Why a source column has no values; `until`: it has none before that time. */
interface Emptiness {
  readonly why: string;
  readonly missing?: true;
  readonly until?: string;
}

/** Types of columns by relation and name. */
type Types = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The hazards of the rebuilt aggregates, by name.
 * @param figures those of the aggregates that change: where their source rows are gone, new columns in place stay NULL.
 */
export async function readEmptied(
  db: Db,
  evolution: Evolution,
  figures: ReadonlyMap<string, Figures>,
): Promise<ReadonlyMap<string, readonly Hazard[]>> {
  const rebuilt = evolution.rebuilt.filter(hasState);
  if (rebuilt.length === 0) return new Map();
  const types = await readTypes(db, rebuilt);
  const figuresAndGroups = rebuilt.flatMap(({ aggregate, state }) =>
    keptColumns(aggregate, types.get(nameOf(state.stored)) ?? new Map()).map((column) => ({
      aggregate,
      state,
      column,
      sources: sourcesOf({ of: aggregate, name: column }),
    })),
  );
  const sources = figuresAndGroups.flatMap((one) => one.sources);
  const empty = new Map([
    ...partlyEmpty(evolution, figures),
    ...missing(sources, types),
    ...(await readEmpty(db, sources, types)),
  ]);
  const emptied = figuresAndGroups.flatMap(({ sources: own, ...one }): Emptied[] => {
    const without = own.filter((candidate) => empty.has(keyOf(candidate)));
    // One that has no values at all says more than one that has none before some time.
    const source =
      without.find((candidate) => empty.get(keyOf(candidate))?.until === undefined) ?? without[0];
    const because = source && empty.get(keyOf(source));
    if (source === undefined || because === undefined) return [];
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

const keyOf = ({ of, name }: SourceColumn): string => `${nameOf(of)}.${name}`;

// Figures that are stored under the same name, and groups that replace others: with NULL in them, a bucket has one group only.
function keptColumns(
  { select, groupBy, columnNames }: ContinuousAggregate,
  stored: ReadonlyMap<string, string>,
): readonly string[] {
  const replaces = [...stored.keys()].some((column) => !columnNames.includes(column));
  return [
    ...Object.keys(select).filter((column) => stored.has(column)),
    ...(replaces ? groupBy.filter((column) => !stored.has(column)) : []),
  ];
}

async function readTypes(
  db: Db,
  rebuilt: readonly (Changing & { readonly state: AggregateState })[],
): Promise<Types> {
  const tables = rebuilt.flatMap(({ aggregate }) => sourceTables(aggregate));
  const { rows } = await db.query<{ relation: string; name: string; type: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1, a.attnum`,
    [[...tables, ...rebuilt.map(({ state }) => nameOf(state.stored))]],
  );
  const types = new Map<string, Map<string, string>>();
  for (const { relation: of, name, type } of rows)
    types.set(of, (types.get(of) ?? new Map<string, string>()).set(name, type));
  return types;
}

const sourceTables = ({ from }: ContinuousAggregate): readonly string[] =>
  from.kind === 'aggregate' ? sourceTables(from) : [nameOf(from)];

function partlyEmpty(
  { grown }: Evolution,
  figures: ReadonlyMap<string, Figures>,
): readonly (readonly [string, Emptiness])[] {
  return grown.flatMap(({ aggregate, state }) => {
    const until = figures.get(nameOf(aggregate))?.gone.to;
    if (!until || state === undefined) return [];
    const why = `which this plan adds, and which stays NULL before ${until}, because the source rows are gone`;
    return aggregate.columnNames
      .slice(-state.appended)
      .map((name) => [keyOf({ of: aggregate, name }), { why, until }] as const);
  });
}

// Where the table itself is missing, all buckets are lost, which is told already.
function missing(sources: readonly SourceColumn[], types: Types): readonly (readonly [string, Emptiness])[] {
  return sources
    .filter(({ of, name }) => of.kind === 'hypertable' && types.get(nameOf(of))?.has(name) === false)
    .map((source) => [keyOf(source), { why: 'which this plan adds', missing: true }] as const);
}

// A column with a value shows one at once, and one without is read to the end. A plan should not take much longer than this.
const LIMIT_SECONDS = 3;

async function readEmpty(
  db: Db,
  sources: readonly SourceColumn[],
  types: Types,
): Promise<readonly (readonly [string, Emptiness])[]> {
  const columns = sources.filter(
    (source, at) =>
      source.of.kind === 'hypertable' &&
      source.of.columns[source.name]?.nullable &&
      types.get(nameOf(source.of))?.has(source.name) &&
      sources.findIndex((other) => keyOf(other) === keyOf(source)) === at,
  );
  const ask = (some: readonly SourceColumn[]): Promise<readonly string[] | undefined> =>
    withSavepointRollback(db, async () => {
      await db.query(`SET LOCAL statement_timeout = '${LIMIT_SECONDS}s'`);
      const { rows } = await db.query<{ key: string }>(
        [NOTHING, ...some.map(emptyQuery)].join(' UNION ALL '),
      );
      return rows.map(({ key }) => key);
    }).catch((error: { code?: string }) => {
      if (error.code === '57014') return undefined;
      throw error;
    });
  const found = await ask(columns);
  if (found !== undefined) return found.map((key) => [key, { why: 'which has no values' }] as const);
  // One of them takes too long. Each is asked for alone; where no value is found in time, that is said, and consent is needed.
  const each: (readonly [string, Emptiness])[] = [];
  for (const column of columns) {
    const alone = await ask([column]);
    const why = alone ? 'which has no values' : `in which no value was found within ${LIMIT_SECONDS} s`;
    if (alone === undefined || alone.length > 0) each.push([keyOf(column), { why }]);
  }
  return each;
}

// Asks for none, so that a plan has the same number of queries whatever changes.
const NOTHING = 'SELECT NULL::text AS key WHERE false';

const emptyQuery = ({ of, name }: SourceColumn): string =>
  `SELECT ${literal(keyOf({ of, name }))} AS key WHERE EXISTS (SELECT FROM ${relation(of)}) AND NOT EXISTS (SELECT FROM ${relation(of)} WHERE ${ident(name)} IS NOT NULL)`;

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

function bucketQuery({ aggregate, state, column, value, because }: Emptied, at: number): string {
  // A new group has no values yet: what is lost are the present groups of all buckets.
  const hasValue = `${ident(column)} ${value === '0' ? '<> 0' : 'IS NOT NULL'}`;
  const filled = [
    column in aggregate.select ? hasValue : 'true',
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

function hint({ of, name }: SourceColumn, because: Emptiness, types: Types): string {
  if (of.kind !== 'hypertable') return '';
  const alike = [...(types.get(nameOf(of)) ?? [])]
    .filter(([other, type]) => !(other in of.columns) && type === of.columns[name]?.type)
    .map(([other]) => other);
  if (alike.length === 0) return '';
  const before = alike.map((other) => `${nameOf(of)}.${other}`).join(' or ');
  const calls = alike.map((other) => `.renamedFrom('${other}')`).join(' or ');
  const first = because.missing ? '' : `drop the empty ${name}, and `;
  return `; if ${nameOf(of)}.${name} is ${before} under a new name, ${first}declare ${calls}`;
}
