// Questions about rows that only the rows can answer, asked with a time limit.
import { ident, relation } from '../../core/sql';
import type { Db } from '../../model';
import { withSavepointRollback } from '../../server/savepoint';

/** A table, and a column of it. */
export interface ColumnOf {
  readonly table: { readonly schema: string; readonly name: string };
  readonly column: string;
}

/** Whether the values of a column survive a change of its type. */
export type Survival =
  | { readonly kind: 'counted'; readonly changed: number }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'fails'; readonly error: string };

// Long enough for some million rows; a plan must not make anybody wait for it.
const LIMIT = '3s';

/** Whether a table has no rows at all. */
export async function isEmpty(db: Db, table: ColumnOf['table']): Promise<boolean> {
  const { rows } = await db.query<{ filled: boolean }>(
    `SELECT EXISTS (SELECT FROM ${relation(table)}) AS filled`,
  );
  return rows[0]?.filled === false;
}

/** How many rows have NULL in the column; absent when counting would take long. */
export async function countNulls(db: Db, { table, column }: ColumnOf): Promise<number | undefined> {
  const answer = await ask(
    db,
    `SELECT count(*)::int AS answer FROM ${relation(table)} WHERE ${ident(column)} IS NULL`,
  );
  return typeof answer === 'number' ? answer : undefined;
}

/** How many values come back different from a round trip through the new type. */
export async function survival(
  db: Db,
  { table, column }: ColumnOf,
  from: string,
  to: string,
): Promise<Survival> {
  const name = ident(column);
  const answer = await ask(
    db,
    `SELECT count(*)::int AS answer FROM ${relation(table)} WHERE (${name}::${to})::${from} IS DISTINCT FROM ${name}`,
  );
  if (typeof answer === 'number') return { kind: 'counted', changed: answer };
  // Class 22, data exception: a value that the new type cannot hold.
  return answer.code?.startsWith('22') ? { kind: 'fails', error: answer.message } : { kind: 'unknown' };
}

// What the question did is undone in any case, which also ends its time limit.
function ask(db: Db, sql: string): Promise<number | { code?: string; message: string }> {
  return withSavepointRollback(db, async () => {
    await db.query(`SET LOCAL statement_timeout = '${LIMIT}'`);
    const { rows } = await db.query<{ answer: number }>(sql);
    return rows[0]?.answer ?? 0;
  }).catch((error: { code?: string; message: string }) => error);
}
