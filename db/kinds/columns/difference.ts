// What a plan must know about a column that is not as declared before it can say what to do.
import { describeImpact } from '../../core/quantities';
import { ident, relation } from '../../core/sql';
import type { DeclaredTable } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Db, EngineName, Hazard, Impact, Step } from '../../model';
import { NOTHING, readTableSizes, type TableSize } from '../../server/table-size';
import { isRead, type OffendingRows, readLimited, rowsWhere } from '../offending-rows';
import { type DifferingColumn, needsRowsWithoutNull } from './read';

/** A differing column with everything that its step or refusal depends on. */
export interface ColumnDifference extends DifferingColumn {
  readonly size: TableSize;
  /** Whether the table has no rows; only read when a missing column needs a value in old rows. */
  readonly empty?: boolean;
  /** Present when the type differs. */
  readonly typeChange?: TypeChange & { readonly survival: Survival };
  /** Views and aggregates that read the column. */
  readonly users: readonly string[];
  /** Rows with NULL in it; absent when they are not needed or take too long to count. */
  readonly nulls?: OffendingRows;
}

/** What changing a column from one type to another does. */
interface TypeChange {
  readonly rewrites: boolean;
  /** Whether the new type can hold every value of the old type. */
  readonly lossless: boolean;
  /** The server's error message when it has no automatic cast. */
  readonly error: string | null;
}

/** Whether the values of a column survive a change of its type. */
type Survival =
  | { readonly kind: 'counted'; readonly changed: number }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'fails'; readonly error: string };

/** Chunks that wait to be converted again. */
export interface Pending {
  /** By table. */
  readonly impact: ReadonlyMap<string, Impact>;
  readonly warnings: readonly string[];
}

/** What columns need to know of an engine. */
export interface ColumnDialect {
  readonly engine: EngineName;
  /** Views and aggregates that use columns of the tables, by `schema.table.column`. */
  readUsers(db: Db, tables: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Present on an engine with converted chunks, which store the default of a new column only once, beside their rows. */
  readonly rebuild?: {
    /** Tables with chunks that wait to be converted again, and warnings of chunks that cannot be. */
    readPending(db: Db): Promise<Pending>;
    /** The statement that notes the converted chunks of a table, for the transaction that adds the column. */
    note(table: DeclaredTable): string;
    step(table: DeclaredTable, impact: Impact): Step;
  };
}

/** Adds everything a plan must know about the columns that differ. A database in sync needs none of these queries. */
export async function readDifferences(
  db: Db,
  dialect: ColumnDialect,
  differing: readonly DifferingColumn[],
): Promise<readonly ColumnDifference[]> {
  if (differing.length === 0) return [];
  const tables = [...new Set(differing.map(({ table }) => table))];
  const sizes = await readTableSizes(db, dialect.engine, tables);
  const users = await dialect.readUsers(db, tables.map(nameOf));
  const typeChanges = await readTypeChanges(db, differing);
  const differences: ColumnDifference[] = [];
  for (const one of differing) {
    const table = nameOf(one.table);
    const size = sizes.get(table) ?? NOTHING;
    const change = typeChanges.get(one);
    differences.push({
      ...one,
      size,
      users: users.get(`${table}.${one.name}`) ?? [],
      ...(await readRows(db, one)),
      ...(change === undefined
        ? {}
        : { typeChange: { ...change, survival: await readSurvival(db, one, change, size) } }),
    });
  }
  return differences;
}

// Implicit casts keep every value, except whole and exact numbers with more digits than a float has.
const TYPE_CHANGE = `
  CREATE FUNCTION pg_temp.tsdb_type_change(old_type text, new_type text, OUT rewrites boolean, OUT lossless boolean, OUT error text) LANGUAGE plpgsql AS $$
  DECLARE file oid; old_id oid; new_id oid; new_modifier int;
  BEGIN
    EXECUTE format('CREATE TEMP TABLE tsdb_probe (c %s)', old_type);
    file := pg_relation_filenode('pg_temp.tsdb_probe'::regclass);
    SELECT atttypid INTO old_id FROM pg_attribute WHERE attrelid = 'pg_temp.tsdb_probe'::regclass AND attname = 'c';
    EXECUTE format('ALTER TABLE pg_temp.tsdb_probe ALTER COLUMN c TYPE %s', new_type);
    SELECT atttypid, atttypmod INTO new_id, new_modifier FROM pg_attribute WHERE attrelid = 'pg_temp.tsdb_probe'::regclass AND attname = 'c';
    rewrites := pg_relation_filenode('pg_temp.tsdb_probe'::regclass) <> file;
    lossless := new_modifier = -1 AND (
      new_id IN ('text'::regtype, 'varchar'::regtype)
      OR EXISTS (SELECT FROM pg_cast WHERE castsource = old_id AND casttarget = new_id AND castcontext = 'i'
                    AND NOT (casttarget IN ('float4'::regtype, 'float8'::regtype) AND castsource IN ('int8'::regtype, 'numeric'::regtype))
                    AND NOT (casttarget = 'float4'::regtype AND castsource = 'int4'::regtype)));
    DROP TABLE pg_temp.tsdb_probe;
  EXCEPTION WHEN OTHERS THEN
    rewrites := true; lossless := false; error := SQLERRM;
  END $$`;

// Tries all changes of type on empty tables, in two queries.
async function readTypeChanges(
  db: Db,
  differing: readonly DifferingColumn[],
): Promise<ReadonlyMap<DifferingColumn, TypeChange>> {
  const retyped = differing.filter(({ wanted, actual }) => actual && actual.type !== wanted.type);
  if (retyped.length === 0) return new Map();
  await db.query(TYPE_CHANGE);
  const { rows } = await db.query<TypeChange>(
    `SELECT p.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u (old, new, at), pg_temp.tsdb_type_change(u.old, u.new) p ORDER BY u.at`,
    [retyped.map(({ actual }) => actual?.type), retyped.map(({ wanted }) => wanted.type)],
  );
  return new Map(retyped.map((one, at) => [one, rows[at] as TypeChange]));
}

// Looks at existing rows if the declaration needs a value in all of them: in a new column, or in one that becomes NOT NULL.
async function readRows(
  db: Db,
  { table, name, wanted, actual }: DifferingColumn,
): Promise<Pick<ColumnDifference, 'empty' | 'nulls'>> {
  if (actual !== undefined) {
    if (!needsRowsWithoutNull(actual, wanted)) return {};
    const nulls = await rowsWhere(db, table, `${ident(name)} IS NULL`);
    return 'count' in nulls ? { nulls } : {};
  }
  if (wanted.defaultKind === 'constant' || (wanted.nullable && wanted.defaultKind === 'none')) return {};
  const { rows } = await db.query(`SELECT 1 FROM ${relation(table)} LIMIT 1`);
  return { empty: rows.length === 0 };
}

// Counts the values that change when they are converted to the new type and back.
async function readSurvival(
  db: Db,
  { table, name, wanted, actual }: DifferingColumn,
  { rewrites, lossless, error }: TypeChange,
  size: TableSize,
): Promise<Survival> {
  if (!rewrites || lossless || error !== null || size.compressed.chunks > 0) return { kind: 'unknown' };
  const column = ident(name);
  const changed = await readLimited<{ count: number }>(
    db,
    `SELECT count(*)::int AS count FROM ${relation(table)} WHERE (${column}::${wanted.type})::${actual?.type} IS DISTINCT FROM ${column}`,
  );
  if (isRead(changed)) return { kind: 'counted', changed: changed[0]?.count ?? 0 };
  // Class 22, data exception: a value that the new type cannot hold.
  return changed.code?.startsWith('22') ? { kind: 'fails', error: changed.message } : { kind: 'unknown' };
}

// From about this size on, a rewrite takes minutes to hours instead of seconds.
const LARGE_BYTES = 10 * 1024 ** 3;

/** The hazards of rewriting the whole table of a column in one statement; none where it is empty. */
export function tableRewrite({ table, size }: ColumnDifference): readonly Hazard[] {
  const object = nameOf(table);
  if (size.rows === 0) return [];
  return [
    { name: 'rewrites-data', reason: `rewrites ${describeImpact(size)} of ${object}` },
    { name: 'blocks-reads', reason: `nobody can read or write ${object} until that is done` },
    ...ifLarge(size),
  ];
}

/** The hazards of converting the chunks of a table again, each committed on its own. */
export function chunkRewrite(object: string, size: Impact): readonly Hazard[] {
  return [
    {
      name: 'rewrites-data',
      reason: `converts ${describeImpact(size)} of ${object}, one chunk after the other; each chunk is locked while it is converted`,
    },
    ...ifLarge(size),
  ];
}

function ifLarge(size: Impact): readonly Hazard[] {
  return size.bytes < LARGE_BYTES
    ? []
    : [{ name: 'long-running', reason: `rewriting ${describeImpact(size)} takes minutes to hours` }];
}
