// Looks for rows that a change would reject, within a time limit, and names up to three of them.
import { ident, literal, relation } from '../core/sql';
import type { DeclaredTable } from '../language/desired';
import type { Db } from '../model';
import { withTimeLimit } from '../server/savepoint';

/** Rows that stand in the way of a change. */
export interface OffendingRows {
  readonly count: number;
  /** Up to three of them, as `at = '2026-11-20 12:00:00+00', device = 'a'`; none of a table that holds secrets. */
  readonly examples: readonly string[];
}

/** Why rows could not be looked at. `57014`: it took too long. */
export interface NotRead {
  readonly code?: string;
  readonly message: string;
}

// Enough for some million rows. A plan should not take much longer than this.
const LIMIT_SECONDS = 3;
const EXAMPLES = 3;

/** Runs a query that may read many rows, or returns the error. The rollback also ends the time limit. */
export function readLimited<Row extends object>(db: Db, sql: string): Promise<readonly Row[] | NotRead> {
  const read = async (): Promise<readonly Row[] | NotRead> => (await db.query<Row>(sql)).rows;
  return withTimeLimit(db, LIMIT_SECONDS, read).catch((error: NotRead) => error);
}

export const isRead = <Row>(result: readonly Row[] | NotRead): result is readonly Row[] =>
  Array.isArray(result);

/** The rows of a table that meet a condition, or why they could not be read. */
export async function rowsWhere(
  db: Db,
  table: DeclaredTable,
  condition: string,
): Promise<OffendingRows | NotRead> {
  const from = `FROM ${relation(table)} AS one WHERE ${condition}`;
  // Through JSON, because a declared column may be missing.
  const parts = namingColumns(table)
    .map(literal)
    .map(
      (column) =>
        `CASE WHEN to_jsonb(one) ? ${column} THEN format('%s = %L', ${column}, to_jsonb(one) ->> ${column}) END`,
    );
  const name = parts.length === 0 ? 'NULL' : `nullif(concat_ws(', ', ${parts.join(', ')}), '')`;
  const counted = await readLimited<OffendingRows>(
    db,
    `SELECT (SELECT count(*)::int ${from}) AS count, ARRAY(SELECT name FROM (SELECT ${name} AS name ${from}) named WHERE name IS NOT NULL ORDER BY name LIMIT ${EXAMPLES}) AS examples`,
  );
  return isRead(counted) ? (counted[0] ?? { count: 0, examples: [] }) : counted;
}

/**
 * Keys that more than one row of a table has, or why they could not be read. Where one of the columns is NULL, rows are different.
 * `count` is the number of such keys.
 */
export async function duplicateKeys(
  db: Db,
  table: DeclaredTable,
  { columns, where }: { readonly columns: readonly string[]; readonly where?: string },
): Promise<OffendingRows | NotRead> {
  const keys = columns.map((column) => ident(column)).join(', ');
  const conditions = [
    ...columns.map((column) => `${ident(column)} IS NOT NULL`),
    ...(where === undefined ? [] : [`(${where})`]),
  ].join(' AND ');
  const found = await readLimited<{ count: number; example: string }>(
    db,
    `SELECT (count(*) OVER ())::int AS count, ${named(columns)} AS example FROM ${relation(table)}
      WHERE ${conditions} GROUP BY ${keys} HAVING count(*) > 1 ORDER BY ${keys} LIMIT ${EXAMPLES}`,
  );
  if (!isRead(found)) return found;
  return {
    count: found[0]?.count ?? 0,
    examples: 'secret' in table && table.secret ? [] : found.map(({ example }) => example),
  };
}

/** `, for example (at = '…'), (at = '…')`, or nothing. */
export const forExample = ({ examples }: OffendingRows): string =>
  examples.length === 0 ? '' : `, for example ${examples.map((row) => `(${row})`).join(', ')}`;

// What people recognize a row by.
function namingColumns(table: DeclaredTable): readonly string[] {
  if (table.kind === 'hypertable')
    return [
      ...new Set([
        table.time,
        ...(table.hash ? [table.hash.by] : []),
        ...(table.columnstore?.segmentBy ?? []),
      ]),
    ];
  return table.secret ? [] : table.primaryKey;
}

// Text that SQL makes of a row. `%` has a meaning in the format.
const named = (columns: readonly string[]): string =>
  `format('${columns.map((column) => `${column.replaceAll('%', '%%').replaceAll("'", "''")} = %L`).join(', ')}', ${columns.map((column) => ident(column)).join(', ')})`;
