// Reads the columns and constraints of declared tables as the server has them.
import type { Db } from '../../model';

/** A column in the database; type and default as the server prints them. */
export interface ColumnState {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly defaultSql: string | null;
  /** Computed or numbered by the server, which the language does not declare. */
  readonly generated: boolean;
}

/** A constraint that is no index of ours and no NOT NULL. */
export interface ConstraintState {
  readonly table: string;
  readonly name: string;
  readonly kind: 'check' | 'unique' | 'primary key' | 'foreign key' | 'exclusion';
}

/** The columns of tables (`schema.name`), in their order. */
export async function readColumnStates(db: Db, tables: readonly string[]): Promise<readonly ColumnState[]> {
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

/** The constraints of tables; from PostgreSQL 18 on NOT NULL is one too, and left out. */
export async function readConstraints(
  db: Db,
  tables: readonly string[],
): Promise<readonly ConstraintState[]> {
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
