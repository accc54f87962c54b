// Finds the values that a column's type does not take, in many rows at once.
import { literal } from '../../../db/core/sql';
import type { Db } from '../../../db/model';
import { withSavepoint } from '../../../db/server/savepoint';
import type { FilledColumn } from '../read/mapping';
import type { TextRow } from '../read/rows';

/**
 * Asks the server about each value, inside a transaction. Servers before PostgreSQL 16 cannot say it, and some types raise an
 * error instead: then invalid rows are missing in the answer.
 * @returns for each row with such a value: the first of its columns, and the reason.
 */
export async function inputErrors(
  db: Db,
  columns: readonly FilledColumn[],
  rows: readonly TextRow[],
): Promise<Map<TextRow, string>> {
  const values = columns.map((_, at) => rows.map(({ texts }) => texts[at]));
  const lists = columns.map((_, at) => `$${at + 1}::text[]`);
  const names = columns.map((_, at) => `v${at}`);
  const reasons = columns.map(
    ({ name, column }, at) =>
      `${literal(`column ${name}: `)} || (pg_input_error_info(v${at}, ${literal(column.type)})).message`,
  );
  const sql = `SELECT at, reason FROM (
      SELECT n::int - 1 AS at, coalesce(${reasons.join(', ')}) AS reason
        FROM unnest(${lists.join(', ')}) WITH ORDINALITY v (${names.join(', ')}, n) OFFSET 0
    ) found WHERE reason IS NOT NULL`;
  try {
    const { rows: found } = await withSavepoint(db, () =>
      db.query<{ at: number; reason: string }>(sql, values),
    );
    return new Map(found.map(({ at, reason }) => [rows[at] as TextRow, reason]));
  } catch {
    return new Map();
  }
}
