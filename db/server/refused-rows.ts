// Finds the rows that make a statement fail, so that the others can be written.
import type { Db } from '../model';
import { withSavepoint } from './savepoint';

/** A row that the server refuses, with the error that it gave for this row alone. */
export interface RefusedRow<Row> {
  readonly row: Row;
  readonly error: Error;
}

/**
 * Writes rows inside the caller's transaction and yields those that the server refuses; all others are written. `write` sends
 * one statement for the rows that it is given and is called again with smaller parts until every part is written or is one
 * refused row. The line that a failed COPY names only says where to look first: no row is refused unless it fails alone.
 * @throws every error of `write` that is not about values of rows (see `isAboutRows`).
 */
export async function* refusedRows<Row>(
  db: Db,
  rows: readonly Row[],
  write: (part: readonly Row[]) => Promise<unknown>,
): AsyncGenerator<RefusedRow<Row>> {
  const parts: (readonly Row[])[] = [rows];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [row] = part;
    if (row === undefined) continue;
    const error = await failureOf(db, part, write);
    if (error === undefined) continue;
    if (part.length === 1) yield { row, error };
    else parts.push(...split(part, copyLineOf(error)).reverse());
  }
}

/** Whether an error is about values of rows: data exceptions, constraints, limits, checks of views, and what triggers raise. */
export function isAboutRows(error: unknown): error is Error {
  const { code, severity } = (error ?? {}) as { readonly code?: unknown; readonly severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^(22|23|44|54)|^P0001$/.test(code);
}

/**
 * Whether an error is what Citus makes of the error of a COPY on a worker: only its text is left, and whether it is about values of
 * rows cannot be known. A row that fails so alone must be sent by a statement that keeps the code.
 */
export function hasLostItsCode(error: unknown): error is Error {
  const { code, routine } = (error ?? {}) as { readonly code?: unknown; readonly routine?: unknown };
  return code === INTERNAL_ERROR && routine === 'ReportCopyError';
}

const INTERNAL_ERROR = 'XX000';

async function failureOf<Row>(
  db: Db,
  part: readonly Row[],
  write: (part: readonly Row[]) => Promise<unknown>,
): Promise<Error | undefined> {
  try {
    await withSavepoint(db, () => write(part));
    return undefined;
  } catch (error) {
    if (isAboutRows(error) || (part.length > 1 && hasLostItsCode(error))) return error;
    throw error;
  }
}

/** Splits a part into smaller ones, in their order: around its row `line` (1-based), or into halves where no line is known. */
function split<Row>(part: readonly Row[], line: number | undefined): (readonly Row[])[] {
  if (line === undefined || line > part.length) {
    const middle = Math.floor(part.length / 2);
    return [part.slice(0, middle), part.slice(middle)];
  }
  return [part.slice(0, line - 1), part.slice(line - 1, line), ...slices(part.slice(line))];
}

// After one wrong row there are often more, and each of them makes its whole part be sent again.
const SLICE = 500;

function slices<Row>(rows: readonly Row[]): (readonly Row[])[] {
  return Array.from({ length: Math.ceil(rows.length / SLICE) }, (_, n) =>
    rows.slice(n * SLICE, (n + 1) * SLICE),
  );
}

/** The line that the server names in the context of a failed COPY: "COPY sensor_data, line 12, column temperature: …". */
function copyLineOf(error: Error): number | undefined {
  const { where } = error as { readonly where?: unknown };
  const line = /\bCOPY \S+, line ([1-9]\d*)/.exec(String(where))?.[1];
  return line === undefined ? undefined : Number(line);
}
