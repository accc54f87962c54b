// Which values a column type does not take, asked for many rows at once.
import type { Client } from 'pg';
import type { TextRow } from '../read/rows';

/** The first value of a row that its column does not take. */
export interface InputError {
  /** Place of the column in the row's texts. */
  readonly column: number;
  readonly message: string;
}

const FIRST_WITH_INPUT_ERRORS = 160_000;

/**
 * Asks the server about each value, inside a transaction. Servers before PostgreSQL 16 cannot tell, and neither do all types:
 * then some or all wrong rows are missing in the answer.
 * @param types of the texts, as SQL.
 */
export async function inputErrors(
  db: Client,
  types: readonly string[],
  rows: readonly TextRow[],
): Promise<ReadonlyMap<TextRow, InputError>> {
  const errors = new Map<TextRow, InputError>();
  const { rows: version } = await db.query<{ number: number }>(
    `SELECT current_setting('server_version_num')::int AS number`,
  );
  if ((version[0]?.number ?? 0) < FIRST_WITH_INPUT_ERRORS) return errors;
  for (const [column, type] of types.entries()) {
    for (const { at, message } of await wrongValues(db, type, rows, column)) {
      const row = rows[at];
      if (row !== undefined && !errors.has(row)) errors.set(row, { column, message });
    }
  }
  return errors;
}

async function wrongValues(
  db: Client,
  type: string,
  rows: readonly TextRow[],
  column: number,
): Promise<readonly { readonly at: number; readonly message: string }[]> {
  await db.query('SAVEPOINT input');
  try {
    const found = await db.query<{ at: number; message: string }>(
      `SELECT n::int - 1 AS at, (pg_input_error_info(value, $2)).message
         FROM unnest($1::text[]) WITH ORDINALITY v(value, n) WHERE NOT pg_input_is_valid(value, $2)`,
      [rows.map(({ texts }) => texts[column] ?? null), type],
    );
    await db.query('RELEASE SAVEPOINT input');
    return found.rows;
  } catch {
    // A type whose own check raises an error: each row is then tried by itself.
    await db.query('ROLLBACK TO SAVEPOINT input');
    return [];
  }
}
