// Indexes and sort orders of the schema language.

/** One key of an index or of a columnstore order. */
export interface SortKey<C extends string = string> {
  readonly column: C;
  readonly descending: boolean;
}

/** Descending order of a column. */
export function desc<const C extends string>(name: C): SortKey<C> {
  return Object.freeze({ column: name, descending: true });
}

/** An SQL expression as an index key; the compiler does not check its columns. */
export interface ExpressionKey {
  readonly expression: string;
}

/** An index of a table. */
export interface Index<C extends string = string> {
  readonly method: 'btree' | 'gin' | 'brin';
  readonly keys: readonly (SortKey<C> | ExpressionKey)[];
  readonly unique: boolean;
  /** Condition of a partial index, as SQL. */
  readonly where?: string;
}

/** Declares an index: `index('sensor_id', desc('time'))`. */
export function index<const C extends string>(
  ...keys: readonly (C | SortKey<C> | ExpressionKey)[]
): Index<C> {
  return Object.freeze({ method: 'btree', keys: keys.map((key) => indexKey<C>(key)), unique: false });
}

/** A unique index. On a hypertable it must contain the time column and the column of the hash partitions. */
export function uniqueIndex<const C extends string>(...keys: readonly (C | SortKey<C>)[]): Index<C> {
  return Object.freeze({ method: 'btree', keys: keys.map((key) => indexKey<C>(key)), unique: true });
}

/** A GIN index, e.g. over a jsonb column. */
export function gin<const C extends string>(...columns: readonly C[]): Index<C> {
  return Object.freeze({ method: 'gin', keys: columns.map((key) => indexKey<C>(key)), unique: false });
}

/** An index over the rows that meet a condition: `partial(index('customer_id'), "status = 'failed'")`. */
export function partial<C extends string>(base: Index<C>, condition: string): Index<C> {
  return Object.freeze({ ...base, where: condition });
}

/** An expression as an index key: `index(expression('lower(name)'))`. */
export function expression(sql: string): ExpressionKey {
  return Object.freeze({ expression: sql });
}

function indexKey<C extends string>(key: C | SortKey<C> | ExpressionKey): SortKey<C> | ExpressionKey {
  return typeof key === 'string' ? Object.freeze({ column: key, descending: false }) : key;
}
