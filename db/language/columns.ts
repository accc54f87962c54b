// Column types of the schema language.

/** A column: its PostgreSQL type as `format_type()` prints it, nullability and default (SQL text). */
export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  readonly defaultSql?: string;
  /** Unit of its numbers, e.g. `°C`. It is for readers of the data; the database does not know it. */
  readonly measuredIn?: string;
  /** The name that the column had before. Where a column with that name exists, it is renamed; afterwards this changes nothing. */
  readonly formerName?: string;
}

/** A column while it is being declared: `text().notNull().default("''")`. */
export interface ColumnBuilder extends Column {
  /** The same column as NOT NULL. */
  notNull(): ColumnBuilder;
  /** The same column with a default; `sql` is an SQL expression, e.g. `'{}'::jsonb` or `now()`. */
  default(sql: string): ColumnBuilder;
  /** The same column with the unit of its numbers, e.g. `°C`; the API shows it. */
  unit(name: string): ColumnBuilder;
  /** The same column, which was called `name` before: `float8().renamedFrom('v')`. Its values are kept. */
  renamedFrom(name: string): ColumnBuilder;
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
export const bytea = (): ColumnBuilder => column('bytea');

function column(type: string, rest: Omit<Column, 'type'> = { nullable: true }): ColumnBuilder {
  return Object.freeze({
    type,
    ...rest,
    notNull: () => column(type, { ...rest, nullable: false }),
    default: (sql: string) => column(type, { ...rest, defaultSql: sql }),
    unit: (name: string) => column(type, { ...rest, measuredIn: name }),
    renamedFrom: (name: string) => column(type, { ...rest, formerName: name }),
  });
}
