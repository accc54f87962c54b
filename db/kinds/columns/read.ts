// Reads the columns of declared tables, as they are and as they are declared, both as the server prints them.
import type { Column } from '../../language/columns';
import type { DeclaredTable } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';

/** A column in the database; type and default as the server prints them. */
export interface ColumnState {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly defaultSql: string | null;
  /** Whether the server computes or numbers its values; such columns cannot be declared. */
  readonly generated: boolean;
}

/** A declared column as the server would print it. */
export interface CanonicalColumn {
  readonly type: string;
  readonly defaultSql: string | null;
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
  db: Db,
  tables: readonly DeclaredTable[],
): Promise<{ readonly differing: readonly DifferingColumn[]; readonly undeclared: readonly string[] }> {
  const names = tables.map(nameOf);
  const states = await readStates(db, names);
  const constraints = await readConstraints(db, names);
  const undeclared = tables.flatMap((table) => [
    ...states
      .filter((state) => state.table === nameOf(table) && !(state.name in table.columns))
      .map(({ name }) => `column ${name} of ${nameOf(table)}`),
    ...constraints
      .filter((constraint) => constraint.table === nameOf(table))
      // The primary key of an ordinary table is declared, and compared with the table.
      .filter(({ kind }) => !(kind === 'primary key' && table.kind === 'table'))
      .map(({ kind, name }) => `${kind} constraint ${name} of ${nameOf(table)}`),
  ]);
  return { differing: await findDiffering(db, tables, states), undeclared };
}

// A column whose declared text equals the server's needs no further query. The server is asked about all other columns.
async function findDiffering(
  db: Db,
  tables: readonly DeclaredTable[],
  states: readonly ColumnState[],
): Promise<readonly DifferingColumn[]> {
  const declared = tables
    .filter((table) => states.some((state) => state.table === nameOf(table)))
    .flatMap((table) =>
      Object.entries<Column>(table.columns).map(([name, column]) => ({
        table,
        name,
        column,
        nullable: column.nullable && !(table.kind === 'table' && table.primaryKey.includes(name)),
        actual: states.find((state) => state.table === nameOf(table) && state.name === name),
      })),
    );
  const unclear = declared.filter(
    ({ column, actual }) => actual?.type !== column.type || actual.defaultSql !== (column.defaultSql ?? null),
  );
  const canonical = await readCanonical(
    db,
    unclear.map(({ column }) => column),
  );
  return declared.flatMap(({ table, name, column, nullable, actual }): DifferingColumn[] => {
    const wanted = { ...canonical(column), nullable };
    if (actual === undefined) return [{ table, name, wanted }];
    const same =
      !actual.generated &&
      actual.type === wanted.type &&
      actual.defaultSql === wanted.defaultSql &&
      actual.nullable === nullable;
    return same ? [] : [{ table, name, wanted, actual }];
  });
}

async function readStates(db: Db, tables: readonly string[]): Promise<readonly ColumnState[]> {
  const { rows } = await db.query<ColumnState>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS table, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
            NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS "defaultSql",
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
}

// From PostgreSQL 18 on NOT NULL is a constraint too; it is left out here and compared with its column.
async function readConstraints(db: Db, tables: readonly string[]): Promise<readonly ConstraintState[]> {
  const { rows } = await db.query<ConstraintState>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS table, k.conname::text AS name,
            CASE k.contype WHEN 'c' THEN 'check' WHEN 'u' THEN 'unique' WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' ELSE 'exclusion' END AS kind
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

// Lets the server print columns, in two queries for all of them.
async function readCanonical(
  db: Db,
  columns: readonly Column[],
): Promise<(column: Column) => CanonicalColumn> {
  const key = ({ type, defaultSql }: Column): string => JSON.stringify([type, defaultSql ?? null]);
  const different = [...new Map(columns.map((column) => [key(column), column])).values()];
  const printed = new Map<string, CanonicalColumn>();
  if (different.length > 0) {
    await db.query(CANONICAL_COLUMN);
    const { rows } = await db.query<CanonicalColumn>(
      `SELECT p.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u (type, "default", at), pg_temp.tsdb_canonical_column(u.type, u."default") p ORDER BY u.at`,
      [different.map(({ type }) => type), different.map(({ defaultSql }) => defaultSql ?? null)],
    );
    different.forEach((column, at) => {
      printed.set(key(column), rows[at] as CanonicalColumn);
    });
  }
  return (column) =>
    printed.get(key(column)) ?? {
      type: column.type,
      defaultSql: column.defaultSql ?? null,
      defaultKind: column.defaultSql === undefined ? 'none' : 'volatile',
      error: null,
    };
}
