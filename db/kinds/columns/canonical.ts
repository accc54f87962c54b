// Asks the server what declared types and defaults mean to it, on an empty temporary table that is rolled back.
import type { Column } from '../../language/columns';
import type { Db } from '../../model';

/** How a value for old rows comes about: the same for all, the same within one statement, or another for each row. */
export type DefaultKind = 'none' | 'constant' | 'stable' | 'volatile';

/** A declared column as the server would print it. */
export interface CanonicalColumn {
  readonly type: string;
  readonly defaultSql: string | null;
  readonly defaultKind: DefaultKind;
  /** What the server says against the type or the default. */
  readonly error: string | null;
}

/** What changing a column from one type to another does. */
export interface TypeChange {
  readonly rewrites: boolean;
  /** Whether every value of the old type is one of the new type. */
  readonly lossless: boolean;
  /** The server's complaint where it has no cast that it would use by itself. */
  readonly error: string | null;
}

// No rows, so nothing is evaluated per row: nextval() stays where it is. A volatile default rewrites even an empty table,
// which shows in its file; anything else that is not immutable may not stand in an index predicate.
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

// Implicit casts keep every value, but for whole and exact numbers that a float has no room for.
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

/** Looks up how the server prints a declared column. */
export type Canonical = (column: Column) => CanonicalColumn;

/** Has the server print columns; two queries, however many there are. Must run in a transaction that is rolled back. */
export async function readCanonicalColumns(db: Db, columns: readonly Column[]): Promise<Canonical> {
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

/** Tries changes of type on empty tables. Must run in a transaction that is rolled back. */
export async function readTypeChanges(
  db: Db,
  changes: readonly { readonly from: string; readonly to: string }[],
): Promise<readonly TypeChange[]> {
  if (changes.length === 0) return [];
  await db.query(TYPE_CHANGE);
  const { rows } = await db.query<TypeChange>(
    `SELECT p.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u (old, new, at), pg_temp.tsdb_type_change(u.old, u.new) p ORDER BY u.at`,
    [changes.map(({ from }) => from), changes.map(({ to }) => to)],
  );
  return rows;
}
