// Reads the columns of declared tables, as they are and as they are declared, both as the server prints them.
import { groupBy } from '../../core/group-by';
import type { Column } from '../../language/columns';
import type { DeclaredTable } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Db, PlanDb, SpellingRequest } from '../../model';

/** A column in the database; type and default as the server prints them. */
export interface ColumnState {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** Whether new rows may have NULL in it. */
  readonly nullable: boolean;
  /** Whether it is NOT NULL only for new rows (`NOT VALID`, from PostgreSQL 18 on), so that old rows may have NULL in it. */
  readonly notValid: boolean;
  readonly defaultSql: string | null;
  /** Whether the server computes or numbers its values; such columns cannot be declared. */
  readonly generated: boolean;
}

/** The part of a column that the server prints. */
type Spelled = Pick<ColumnState, 'type' | 'defaultSql'>;

/** A declared column as the server would print it. */
export interface CanonicalColumn extends Spelled {
  /** `constant`: always the same value. `stable`: one value per statement, e.g. `now()`. `volatile`: a new value for each row. */
  readonly defaultKind: 'none' | 'constant' | 'stable' | 'volatile';
  /** Why the server rejects the type or the default. */
  readonly error: string | null;
}

/** A declared column that is missing in the database or differs there. */
export interface DifferingColumn {
  readonly table: DeclaredTable;
  readonly name: string;
  readonly wanted: CanonicalColumn & { readonly nullable: boolean };
  /** Absent: the column is missing. */
  readonly actual?: ColumnState;
}

/**
 * Compares the columns of the tables that exist. `undeclared` names columns and constraints that are not declared.
 * Must run in a transaction that is rolled back.
 */
export async function readColumns(
  db: PlanDb,
  tables: readonly DeclaredTable[],
): Promise<{
  readonly differing: readonly DifferingColumn[];
  readonly undeclared: readonly string[];
  readonly inTheWay: readonly UndeclaredColumn[];
}> {
  const names = tables.map(nameOf);
  const states = groupBy(await readStates(db, names), ({ table }) => table);
  const constraints = await readConstraints(db, names);
  const constraintsOf = groupBy(constraints, ({ table }) => table);
  const undeclared = tables.flatMap((table) => [
    ...(states.get(nameOf(table)) ?? [])
      .filter(({ name }) => !(name in table.columns))
      .map(({ name }) => `column ${name} of ${nameOf(table)}`),
    ...(constraintsOf.get(nameOf(table)) ?? [])
      // The primary key of an ordinary table is declared, and compared with the table.
      .filter(({ kind }) => !(kind === 'primary key' && table.kind === 'table'))
      .map(({ kind, name }) => `${kind} constraint ${name} of ${nameOf(table)}`),
  ]);
  const inTheWay = tables.flatMap((table) =>
    (states.get(nameOf(table)) ?? [])
      .filter((state) => !(state.name in table.columns) && rejectsRows(state))
      .map(({ name }) => ({
        table,
        name,
        inPrimaryKey: constraints.some(
          (one) => one.table === nameOf(table) && one.kind === 'primary key' && one.columns.includes(name),
        ),
      })),
  );
  return { differing: await findDiffering(db, tables, states), undeclared, inTheWay };
}

/** A column that nobody declares and that rejects every row that is written as declared. */
export interface UndeclaredColumn {
  readonly table: DeclaredTable;
  readonly name: string;
  readonly inPrimaryKey: boolean;
}

const rejectsRows = ({ nullable, defaultSql, generated }: ColumnState): boolean =>
  !nullable && defaultSql === null && !generated;

/** A declared column of a table that exists. */
interface Candidate {
  readonly table: DeclaredTable;
  readonly name: string;
  readonly column: Column;
  readonly nullable: boolean;
  readonly actual: ColumnState | undefined;
}

// A column whose declared text equals the server's needs no further query. The server is asked about all other columns.
async function findDiffering(
  db: PlanDb,
  tables: readonly DeclaredTable[],
  states: ReadonlyMap<string, readonly ColumnState[]>,
): Promise<readonly DifferingColumn[]> {
  const declared = tables.flatMap((table): Candidate[] => {
    const own = states.get(nameOf(table));
    if (own === undefined) return [];
    return Object.entries<Column>(table.columns).map(([name, column]) => ({
      table,
      name,
      column,
      nullable: column.nullable && !(table.kind === 'table' && table.primaryKey.includes(name)),
      actual: own.find((state) => state.name === name),
    }));
  });
  const unclear = declared.filter(
    ({ column, actual }) => actual?.type !== column.type || actual.defaultSql !== (column.defaultSql ?? null),
  );
  const canonical = await readCanonical(db, unclear);
  return declared.flatMap(({ table, name, column, nullable, actual }): DifferingColumn[] => {
    const wanted = { ...canonical(column), nullable };
    if (actual === undefined) return [{ table, name, wanted }];
    return isAs(actual, wanted) ? [] : [{ table, name, wanted, actual }];
  });
}

const isAs = (actual: ColumnState, wanted: Spelled & { readonly nullable: boolean }): boolean =>
  !actual.generated &&
  actual.type === wanted.type &&
  actual.defaultSql === wanted.defaultSql &&
  actual.nullable === wanted.nullable &&
  !needsRowsWithoutNull(actual, wanted);

/** Whether a column becomes NOT NULL for rows that may have NULL in it. */
export const needsRowsWithoutNull = (
  actual: Pick<ColumnState, 'nullable' | 'notValid'>,
  wanted: { readonly nullable: boolean },
): boolean => !wanted.nullable && (actual.nullable || actual.notValid);

async function readStates(db: Db, tables: readonly string[]): Promise<readonly ColumnState[]> {
  const { rows } = await db.query<ColumnState>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS table, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
            NOT a.attnotnull AS nullable,
            EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum]) AS "notValid",
            pg_get_expr(d.adbin, d.adrelid) AS "defaultSql",
            a.attgenerated <> '' OR a.attidentity <> '' AS generated
       FROM pg_attribute a
       JOIN pg_class c ON c.oid = a.attrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY 1, a.attnum`,
    [tables],
  );
  return rows;
}

interface ConstraintState {
  readonly table: string;
  readonly name: string;
  readonly kind: 'check' | 'unique' | 'primary key' | 'foreign key' | 'exclusion';
  readonly columns: readonly string[];
}

// From PostgreSQL 18 on NOT NULL is a constraint too; it is left out here and compared with its column.
async function readConstraints(db: Db, tables: readonly string[]): Promise<readonly ConstraintState[]> {
  const { rows } = await db.query<ConstraintState>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS table, k.conname::text AS name,
            CASE k.contype WHEN 'c' THEN 'check' WHEN 'u' THEN 'unique' WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' ELSE 'exclusion' END AS kind,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS columns
       FROM pg_constraint k
       JOIN pg_class c ON c.oid = k.conrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND k.contype IN ('c', 'u', 'p', 'f', 'x')
      ORDER BY 1, 2`,
    [tables],
  );
  return rows;
}

// The table has no rows, so no default is evaluated, and nextval() takes no number. A volatile default rewrites even an empty
// table, which then has another file. Of the other defaults, only a constant one may stand in an index predicate.
const CANONICAL_COLUMN = `
  CREATE FUNCTION pg_temp.tsdb_canonical_column(declared_type text, declared_default text,
                                                OUT type text, OUT "defaultSql" text, OUT "defaultKind" text, OUT error text) LANGUAGE plpgsql AS $$
  DECLARE file oid;
  BEGIN
    CREATE TEMP TABLE tsdb_probe (one int);
    file := pg_relation_filenode('pg_temp.tsdb_probe'::regclass);
    EXECUTE format('ALTER TABLE pg_temp.tsdb_probe ADD COLUMN c %s%s', declared_type, ' DEFAULT (' || declared_default || ')');
    SELECT format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid) INTO type, "defaultSql"
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = 'pg_temp.tsdb_probe'::regclass AND a.attname = 'c';
    IF declared_default IS NULL THEN
      "defaultKind" := 'none';
    ELSIF pg_relation_filenode('pg_temp.tsdb_probe'::regclass) <> file THEN
      "defaultKind" := 'volatile';
    ELSE
      BEGIN
        EXECUTE format('CREATE INDEX ON pg_temp.tsdb_probe (one) WHERE (%s) IS NOT NULL', "defaultSql");
        "defaultKind" := 'constant';
      EXCEPTION WHEN invalid_object_definition THEN
        "defaultKind" := 'stable';
      END;
    END IF;
    DROP TABLE pg_temp.tsdb_probe;
  EXCEPTION WHEN OTHERS THEN
    type := declared_type; "defaultSql" := declared_default; "defaultKind" := 'volatile'; error := SQLERRM;
  END $$`;

// Lets the server print columns that differ in nothing but spelling or really differ, each type with each default once.
async function readCanonical(
  db: PlanDb,
  unclear: readonly Candidate[],
): Promise<(column: Column) => CanonicalColumn> {
  const key = ({ type, defaultSql }: Column): string => JSON.stringify([type, defaultSql ?? null]);
  const requests = [...groupBy(unclear, ({ column }) => key(column))].map(
    ([text, columns]): SpellingRequest => ({
      kind: 'column',
      relation: '',
      text,
      reads: [],
      confirms: (spelling) => {
        const spelled = JSON.parse(spelling) as Spelled;
        return columns.every(
          ({ actual, nullable }) => actual !== undefined && isAs(actual, { ...spelled, nullable }),
        );
      },
    }),
  );
  const printed = new Map<string, CanonicalColumn>();
  const spellings = await db.spellings.of(requests, async (unknown) => {
    const columns = await printColumns(
      db,
      unknown.map(({ text }) => text),
    );
    return unknown.map(({ text }, at) => {
      const { type, defaultSql, ...rest } = columns[at] as CanonicalColumn;
      printed.set(text, { type, defaultSql, ...rest });
      return rest.error === null ? JSON.stringify({ type, defaultSql } satisfies Spelled) : null;
    });
  });
  const remembered = new Map(
    [...spellings].flatMap(([{ text }, spelling]) =>
      spelling === null ? [] : [[text, JSON.parse(spelling) as Spelled] as const],
    ),
  );
  return (column) => {
    const spelled = remembered.get(key(column)) ?? {
      type: column.type,
      defaultSql: column.defaultSql ?? null,
    };
    // The kind only matters for a column that differs, and such a column was printed or is spelled as it is declared.
    const defaultKind = spelled.defaultSql === null ? 'none' : 'volatile';
    return printed.get(key(column)) ?? { ...spelled, defaultKind, error: null };
  };
}

// Two queries for all of them.
async function printColumns(db: Db, declared: readonly string[]): Promise<readonly CanonicalColumn[]> {
  await db.query(CANONICAL_COLUMN);
  const { rows } = await db.query<CanonicalColumn>(
    `SELECT p.* FROM unnest($1::text[]) WITH ORDINALITY u (declared, at), pg_temp.tsdb_canonical_column(u.declared::jsonb ->> 0, u.declared::jsonb ->> 1) p ORDER BY u.at`,
    [declared],
  );
  return rows;
}
