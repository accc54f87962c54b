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
  const values = columns.map((_, at) => rows.map((row) => row[at] ?? null));
  const { rowCount } = await db.query(sqlOf(table, unique, columns), values);
  return rowCount ?? 0;
}

function sqlOf(
  table: Hypertable,
  { columns: keys, onConflict }: UniqueRows,
  columns: readonly string[],
): string {
  const declared = table.columns as Readonly<Record<string, Column>>;
  // A part of the key that the rows leave to its default is needed here already, because the key decides which rows are one.
  const absent = keys.filter((name) => !columns.includes(name));
  const names = [...columns, ...absent].map((name) => ident(name));
  const typed = [
    ...columns.map((name) => `sent.${ident(name)}::${declared[name]?.type ?? 'text'} AS ${ident(name)}`),
    ...absent.map((name) => `${declared[name]?.defaultSql ?? 'NULL'} AS ${ident(name)}`),
  ];
  const arrays = columns.map((_, at) => `$${at + 1}::text[]`);
  // The place of a row, under a name that no column has.
  let n = 'n';
  while (Object.hasOwn(declared, n)) n += 'n';
  const sent = `SELECT ${typed.join(', ')}, ${n} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY sent (${[...columns.map((name) => ident(name)), n].join(', ')})`;
  const insert = `INSERT INTO ${relation(table)} AS stored (${names.join(', ')})`;
  // In the order of their keys, so that two writers of the same rows wait for each other instead of blocking each other.
  const keyNames = keys.map((name) => ident(name));
  if (onConflict === 'skip')
    return `${insert} SELECT ${names.join(', ')} FROM (${sent}) r ORDER BY ${keyNames.join(', ')}, ${n} ON CONFLICT DO NOTHING`;
  const others = names.filter((name) => !keyNames.includes(name));
  // Members of a column that keeps tags or fields stand for columns: a row that lacks one does not take it away.
  const rests = [table.ingest?.tags, table.ingest?.fields].flatMap((name) => (name ? ident(name) : []));
  // Rows of one statement with the same key are joined to one row: the last value of each column counts.
  const lasts = names.map((name) => {
    if (keyNames.includes(name)) return name;
    const values = `array_agg(${name} ORDER BY ${n} DESC) FILTER (WHERE ${name} IS NOT NULL)`;
    const last = `(${values})[1]`;
    return `${rests.includes(name) ? `CASE WHEN bool_and(jsonb_typeof(${name}) = 'object') THEN ${membersOf(values)} ELSE ${last} END` : last} AS ${name}`;
  });
  const joined = `SELECT ${lasts.join(', ')} FROM (${sent}) r GROUP BY ${keyNames.join(', ')} ORDER BY ${keyNames.join(', ')}`;
  const merged = others.map((name) => {
    const filled = `coalesce(excluded.${name}, stored.${name})`;
    if (!rests.includes(name)) return filled;
    return `CASE WHEN jsonb_typeof(stored.${name}) = 'object' AND jsonb_typeof(excluded.${name}) = 'object' THEN stored.${name} || excluded.${name} ELSE ${filled} END`;
  });
  // A row that changes nothing is left alone, so that sending rows again does not make aggregates out of date.
  const action =
    others.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${others.map((name, at) => `${name} = ${merged[at]}`).join(', ')}
         WHERE (${others.map((name) => `stored.${name}::text`).join(', ')}) IS DISTINCT FROM (${merged.map((value) => `(${value})::text`).join(', ')})`;
  return `${insert} ${joined} ON CONFLICT (${keyNames.join(', ')}) ${action}`;
}

/** The members of objects, the latest of which is the first one. */
const membersOf = (objects: string): string =>
  `(SELECT coalesce(jsonb_object_agg(m.key, m.value ORDER BY o.place DESC), '{}') FROM unnest(${objects}) WITH ORDINALITY o (object, place), jsonb_each(o.object) m)`;
