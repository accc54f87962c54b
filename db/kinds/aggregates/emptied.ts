// Finds figures that a rebuild would compute from source columns without values: a forgotten rename.
import { counted } from '../../core/quantities';
import { ident, literal, relation } from '../../core/sql';
import { unreachable } from '../../core/unreachable';
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import type { Expression } from '../../language/expressions';
import type { Hypertable } from '../../language/hypertable';
import { nameOf } from '../../language/names';
import type { Db, Hazard } from '../../model';
import { isoText } from '../../server/ask';
import { withSavepointRollback } from '../../server/savepoint';
import type { Changing, Evolution } from './model';

/** A column of a rebuilt aggregate that has values now, and the column of a table without values that it would come from. */
interface Emptied {
  readonly changing: Changing;
  readonly column: string;
  readonly source: SourceColumn;
  /** What the column would hold. */
  readonly value: 'NULL' | '0' | 'the default';
}

interface SourceColumn {
  readonly table: Hypertable;
  readonly name: string;
}

/** Types of the columns of tables and of stored buckets, by `schema.name`; and the table columns that have no value in any row. */
interface Shapes {
  readonly types: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly empty: ReadonlySet<string>;
}

/** The hazards of the rebuilt aggregates, by name. The number of queries does not grow with them, and is 0 without any. */
export async function readEmptied(
  db: Db,
  { rebuilt }: Evolution,
): Promise<ReadonlyMap<string, readonly Hazard[]>> {
  const present = rebuilt.filter(({ state }) => state !== undefined);
  if (present.length === 0) return new Map();
  const types = await readTypes(db, present);
  const shapes = { types, empty: await readEmpty(db, present, types) };
  const emptied = present.flatMap((changing) => emptiedColumns(changing, shapes));
  if (emptied.length === 0) return new Map();
  const { rows } = await db.query<BucketRow>(`${emptied.map(bucketQuery).join(' UNION ALL ')} ORDER BY at`);
  const hazards = new Map<string, Hazard[]>();
  for (const [at, one] of emptied.entries()) {
    const name = nameOf(one.changing.aggregate);
    const row = rows[at] as BucketRow;
    if (row.filled > 0) hazards.set(name, [...(hazards.get(name) ?? []), hazard(one, row, shapes)]);
  }
  return hazards;
}

async function readTypes(db: Db, rebuilt: readonly Changing[]): Promise<Shapes['types']> {
  const names = rebuilt.flatMap(({ aggregate, state }) => [
    nameOf(rootOf(aggregate)),
    ...(state ? [nameOf(state.stored)] : []),
  ]);
  const { rows } = await db.query<{ relation: string; name: string; type: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1, a.attnum`,
    [names],
  );
  const types = new Map<string, Map<string, string>>();
  for (const { relation: of, name, type } of rows)
    types.set(of, (types.get(of) ?? new Map<string, string>()).set(name, type));
  return types;
}

// A column with a value shows one at once; one without is read to the end, but a plan should not take much longer than this.
const LIMIT = '3s';

/** The columns that exist and have no value, of tables with rows: `schema.table.column`. Where it takes too long, none is named. */
async function readEmpty(
  db: Db,
  rebuilt: readonly Changing[],
  types: Shapes['types'],
): Promise<ReadonlySet<string>> {
  const tables = new Map(rebuilt.map(({ aggregate }) => [nameOf(rootOf(aggregate)), rootOf(aggregate)]));
  const columns = [...tables].flatMap(([name, table]) =>
    Object.entries(table.columns)
      .filter(([column, { nullable }]) => nullable && types.get(name)?.has(column))
      .map(([column]) => ({ table, column })),
  );
  if (columns.length === 0) return new Set();
  const queries = columns.map(
    ({ table, column }) =>
      `SELECT ${literal(`${nameOf(table)}.${column}`)} AS name WHERE EXISTS (SELECT FROM ${relation(table)}) AND NOT EXISTS (SELECT FROM ${relation(table)} WHERE ${ident(column)} IS NOT NULL)`,
  );
  return withSavepointRollback(db, async () => {
    await db.query(`SET LOCAL statement_timeout = '${LIMIT}'`);
    const { rows } = await db.query<{ name: string }>(queries.join(' UNION ALL '));
    return new Set(rows.map(({ name }) => name));
  }).catch(() => new Set());
}

function emptiedColumns(changing: Changing, shapes: Shapes): readonly Emptied[] {
  const { aggregate, state } = changing;
  const stored = state === undefined ? undefined : shapes.types.get(nameOf(state.stored));
  if (stored === undefined) return [];
  const figures = Object.keys(aggregate.select).filter((column) => stored.has(column));
  // A group that replaces another one: with NULL in it, all rows of a bucket fall into one group.
  const replaced = [...stored.keys()].filter((column) => !aggregate.columnNames.includes(column));
  const groups = replaced.length > 0 ? aggregate.groupBy.filter((column) => !stored.has(column)) : [];
  return [...figures, ...groups].flatMap((column) => {
    const source = emptyColumnBehind(aggregate, column, shapes);
    if (source === undefined) return [];
    return [{ changing, column, source, value: valueIn({ aggregate, column }, source, shapes) }];
  });
}

/** The column without values that a column of a relation comes from, through any number of aggregates. */
function emptyColumnBehind(of: Relation, column: string, shapes: Shapes): SourceColumn | undefined {
  if (of.kind === 'hypertable') {
    // Where the table itself is new, all buckets are lost, which is told already.
    const actual = shapes.types.get(nameOf(of));
    if (actual === undefined || !(column in of.columns)) return undefined;
    const isEmpty = !actual.has(column) || shapes.empty.has(`${nameOf(of)}.${column}`);
    return isEmpty ? { table: of, name: column } : undefined;
  }
  const expression = of.select[column];
  if (expression === undefined && !of.groupBy.includes(column)) return undefined;
  for (const read of expression === undefined ? [column] : columnsOf(expression, of.from)) {
    const found = emptyColumnBehind(of.from, read, shapes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The columns that an expression reads. In SQL text, every column of the source whose name occurs counts. */
function columnsOf(expression: Expression, source: Relation): readonly string[] {
  switch (expression.kind) {
    case 'aggregate':
    case 'total':
    case 'percentile':
    case 'count-distinct':
      return [expression.column];
    case 'count-rows':
      return [];
    case 'ratio-of-sums':
      return [expression.numerator, expression.denominator];
    case 'difference':
      return [...columnsOf(expression.left, source), ...columnsOf(expression.right, source)];
    case 'first-or-last':
      return [expression.column, expression.by];
    case 'filtered':
      return [...columnsOf(expression.expression, source), expression.condition.column];
    case 'sql':
      return source.columnNames.filter((name) => new RegExp(`(?<!\\w)${name}(?!\\w)`).test(expression.sql));
    default:
      return unreachable(expression);
  }
}

function valueIn(
  { aggregate, column }: { readonly aggregate: ContinuousAggregate; readonly column: string },
  { table, name }: SourceColumn,
  { types }: Shapes,
): Emptied['value'] {
  // A column that exists has no values, whatever its default is.
  if (!types.get(nameOf(table))?.has(name) && table.columns[name]?.defaultSql !== undefined)
    return 'the default';
  return countsRows(aggregate.select[column]) ? '0' : 'NULL';
}

function countsRows(expression: Expression | undefined): boolean {
  switch (expression?.kind) {
    case 'count-rows':
    case 'count-distinct':
      return true;
    case 'aggregate':
      return expression.fn === 'count';
    case 'filtered':
      return countsRows(expression.expression);
    default:
      return false;
  }
}

interface BucketRow {
  readonly filled: number;
  readonly buckets: number;
  readonly from: string | null;
  readonly to: string | null;
}

function bucketQuery({ changing, column, value }: Emptied, at: number): string {
  const { state, aggregate } = changing;
  const stored = state?.stored ?? aggregate;
  // A new group has no values yet: what is lost are the present groups of all buckets.
  const isGroup = !(column in aggregate.select);
  const filled = isGroup ? 'true' : `${ident(column)} ${value === '0' ? '<> 0' : 'IS NOT NULL'}`;
  return `SELECT ${at} AS at, count(DISTINCT "bucket") FILTER (WHERE ${filled})::int AS filled, count(DISTINCT "bucket")::int AS buckets,
      ${isoText(`min("bucket") FILTER (WHERE ${filled})`)} AS "from", ${isoText(`max("bucket") FILTER (WHERE ${filled})`)} AS "to"
    FROM ${ident(stored.schema, stored.name)}`;
}

function hazard({ changing, column, source, value }: Emptied, row: BucketRow, shapes: Shapes): Hazard {
  const { table, name } = source;
  const from = `${nameOf(table)}.${name}`;
  const amount =
    row.filled === row.buckets
      ? `all ${counted(row.buckets, 'bucket')}`
      : `${row.filled} of ${counted(row.buckets, 'bucket')}`;
  const becomes =
    value === 'the default' ? `computed from the default ${table.columns[name]?.defaultSql}` : value;
  const why = shapes.empty.has(from) ? 'which has no values' : 'which this plan adds';
  return {
    name: 'loses-history',
    reason: `column ${column} of ${nameOf(changing.aggregate)} will be ${becomes} in ${amount} from ${row.from} to ${row.to}, because it comes from ${from}, ${why}${hint(source, shapes)}`,
  };
}

function hint({ table, name }: SourceColumn, { types }: Shapes): string {
  const actual = types.get(nameOf(table)) ?? new Map<string, string>();
  const alike = [...actual]
    .filter(([other, type]) => !(other in table.columns) && type === table.columns[name]?.type)
    .map(([other]) => other);
  if (alike.length === 0) return '';
  const before = alike.map((other) => `${nameOf(table)}.${other}`).join(' or ');
  const calls = alike.map((other) => `.renamedFrom('${other}')`).join(' or ');
  const first = actual.has(name) ? `drop the empty ${name}, and ` : '';
  return `; if ${nameOf(table)}.${name} is ${before} under a new name, ${first}declare ${calls}`;
}

function rootOf(source: Relation): Hypertable {
  return source.kind === 'aggregate' ? rootOf(source.from) : source;
}
