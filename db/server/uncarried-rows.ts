// Finds the stored rows that make a query fail with an overflow: they hold numbers that sums and averages cannot carry. No door
// of this program takes such numbers, but SQL does, and they may have been stored before.
import { beyondLimitsSql, hasLimits } from '../core/number-limits';
import { counted } from '../core/quantities';
import { ident, literal, relation } from '../core/sql';
import { type Ask, isoText } from './ask';

/** A table, or an aggregate, with its time column. */
export interface Timed {
  readonly schema: string;
  readonly name: string;
  readonly time: string;
}

/** Where to look: SQL expressions for the start, inclusive, and the end, exclusive. */
export interface Stretch {
  readonly from: string;
  readonly to: string;
}

/** All rows. */
export const ALL_ROWS: Stretch = { from: `'-infinity'`, to: `'infinity'` };

/** What was found. */
export interface UncarriedRows {
  /** `schema.name` */
  readonly relation: string;
  /** How many rows there are. */
  readonly rows: number;
  /** The first of them: its time (RFC 3339), the column with such a number, the number, and what tells the row from others. */
  readonly time: string;
  readonly column: string;
  readonly value: string;
  readonly series: Readonly<Record<string, string>>;
  /** SQL that shows all of them. */
  readonly sql: string;
}

/** Whether an error says that a number is too large or too small to be computed. */
export const isOverflow = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null | undefined)?.code === '22003';

interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** Finds the rows; undefined when there are none, or when the relation does not exist. It reads every row of the stretch. */
export async function findUncarriedRows(
  ask: Ask,
  source: Timed,
  { from, to }: Stretch,
): Promise<UncarriedRows | undefined> {
  const columns = await ask<CatalogColumn>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AS required FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [relation(source)],
  );
  const numbers = columns.flatMap(({ name, type }) => {
    const isBeyond = beyondLimitsSql(type, ident(name));
    return isBeyond === undefined ? [] : [{ name, isBeyond }];
  });
  if (numbers.length === 0) return undefined;
  const keys = columns.filter(
    ({ name, type, required }) => required && name !== source.time && !hasLimits(type),
  );
  const first = (of: (name: string) => string): string =>
    `CASE ${numbers.map(({ name, isBeyond }) => `WHEN ${isBeyond} THEN ${of(name)}`).join(' ')} END`;
  const time = ident(source.time);
  const isFound = numbers.map(({ isBeyond }) => isBeyond).join(' OR ');
  const [found] = await ask<Omit<UncarriedRows, 'relation' | 'sql'>>(
    `SELECT count(*) OVER ()::int AS rows, coalesce(${isoText(time, 'SS.US')}, ${time}::text) AS time,
            ${first(literal)} AS "column", ${first((name) => `${ident(name)}::text`)} AS value,
            jsonb_build_object(${keys.flatMap(({ name }) => [literal(name), `left(${ident(name)}::text, 100)`]).join(', ')}) AS series
       FROM ${relation(source)} WHERE ${time} >= ${from} AND ${time} < ${to} AND (${isFound}) ORDER BY ${time} LIMIT 1`,
    [],
  );
  if (found === undefined) return undefined;
  const shown = found.value.length > 40 ? `${found.value.slice(0, 40)}…` : found.value;
  return {
    ...found,
    value: shown,
    relation: `${source.schema}.${source.name}`,
    sql: `SELECT * FROM ${relation(source)} WHERE ${isFound}`,
  };
}

/** The rows in words, with the way out. */
export function describeUncarriedRows({
  relation: name,
  rows,
  time,
  column,
  value,
  series,
  sql,
}: UncarriedRows): string {
  const of = Object.entries(series).map(([key, text]) => ` ${key}=${JSON.stringify(text)}`);
  return `${name} holds ${counted(rows, 'row')} with numbers that sums and averages cannot carry, the first one at ${time}${of.join('')}: ${column} is ${value}. Correct or delete the rows, which this finds: ${sql}`;
}
