// Column types of the schema language.

/** A column: its PostgreSQL type as `format_type()` prints it, nullability and default (SQL text). */
export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  readonly defaultSql?: string;
}

/** A column while it is being declared: `text().notNull().default("''")`. */
export interface ColumnBuilder extends Column {
  /** The same column, refusing NULL. */
  notNull(): ColumnBuilder;
  /** The same column with a default; `sql` is an SQL expression, e.g. `'{}'::jsonb` or `now()`. */
  default(sql: string): ColumnBuilder;
}

export const timestamptz = (): ColumnBuilder => column('timestamp with time zone');
export const text = (): ColumnBuilder => column('text');
/** Text of at most `length` characters. */
export const varchar = (length: number): ColumnBuilder => column(`character varying(${length})`);
export const float8 = (): ColumnBuilder => column('double precision');
export const integer = (): ColumnBuilder => column('integer');
export const bigint = (): ColumnBuilder => column('bigint');
export const numeric = (): ColumnBuilder => column('numeric');
export const boolean = (): ColumnBuilder => column('boolean');
export const uuid = (): ColumnBuilder => column('uuid');
export const smallint = (): ColumnBuilder => column('smallint');
export const real = (): ColumnBuilder => column('real');
export const date = (): ColumnBuilder => column('date');
export const inet = (): ColumnBuilder => column('inet');
export const point = (): ColumnBuilder => column('point');
export const jsonb = (): ColumnBuilder => column('jsonb');

function column(type: string, nullable = true, defaultSql?: string): ColumnBuilder {
  return Object.freeze({
    type,
    nullable,
    ...(defaultSql === undefined ? {} : { defaultSql }),
    notNull: () => column(type, false, defaultSql),
    default: (sql: string) => column(type, nullable, sql),
  });
}
