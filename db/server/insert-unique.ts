// Inserts rows into a table whose rows have a key, as its declaration says: a row whose key is there already is skipped, or fills
// in what the stored row lacks.
import { ident, relation } from '../core/sql';
import type { Column } from '../language/columns';
import type { Hypertable } from '../language/hypertable';
import type { UniqueRows } from '../language/ingest';
import type { Db } from '../model';

/** Rows of a table with a key. */
export interface UniqueInsert {
  readonly table: Hypertable;
  readonly unique: UniqueRows;
  /** The columns that the rows have; the others get their defaults. */
  readonly columns: readonly string[];
  /** Texts as the server reads them, in the order of the columns. */
  readonly rows: readonly (readonly (string | null | undefined)[])[];
}

/** Inserts the rows with one statement; returns how many are new or changed their row. */
export async function insertUnique(db: Db, { table, unique, columns, rows }: UniqueInsert): Promise<number> {
  const types = columns.map(
    (name) => (table.columns as Readonly<Record<string, Column>>)[name]?.type ?? 'text',
  );
  const values = columns.map((_, at) => rows.map((row) => row[at] ?? null));
  const { rowCount } = await db.query(sqlOf(table, unique, columns, types), values);
  return rowCount ?? 0;
}

function sqlOf(
  table: Hypertable,
  { columns: keys, onConflict }: UniqueRows,
  columns: readonly string[],
  types: readonly string[],
): string {
  const names = columns.map((name) => ident(name));
  const typed = names.map((name, at) => `sent.${name}::${types[at]} AS ${name}`);
  const arrays = names.map((_, at) => `$${at + 1}::text[]`);
  const sent = `SELECT ${typed.join(', ')}, n FROM unnest(${arrays.join(', ')}) WITH ORDINALITY sent (${names.join(', ')}, n)`;
  const insert = `INSERT INTO ${relation(table)} AS stored (${names.join(', ')})`;
  // In the order of their keys, so that two writers of the same rows wait for each other instead of blocking each other.
  const keyNames = keys.map((name) => ident(name));
  if (onConflict === 'skip')
    return `${insert} SELECT ${names.join(', ')} FROM (${sent}) r ORDER BY ${keyNames.join(', ')}, n ON CONFLICT DO NOTHING`;
  const others = names.filter((name) => !keyNames.includes(name));
  // Rows of one statement with the same key are joined to one row: the last value of each column counts.
  const lasts = names.map((name) =>
    keyNames.includes(name)
      ? name
      : `(array_agg(${name} ORDER BY n DESC) FILTER (WHERE ${name} IS NOT NULL))[1] AS ${name}`,
  );
  const joined = `SELECT ${lasts.join(', ')} FROM (${sent}) r GROUP BY ${keyNames.join(', ')} ORDER BY ${keyNames.join(', ')}`;
  const merged = others.map((name) => `coalesce(excluded.${name}, stored.${name})`);
  // A row that changes nothing is left alone, so that sending rows again does not make aggregates out of date.
  const action =
    others.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${others.map((name, at) => `${name} = ${merged[at]}`).join(', ')}
         WHERE (${others.map((name) => `stored.${name}::text`).join(', ')}) IS DISTINCT FROM (${merged.map((value) => `(${value})::text`).join(', ')})`;
  return `${insert} ${joined} ON CONFLICT (${keyNames.join(', ')}) ${action}`;
}
