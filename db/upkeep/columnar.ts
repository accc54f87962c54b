// Runs the columnstore job of engine `citus`, which turns old chunks into columnar ones, and says which chunks are columnar.
import { messageOf } from '../core/errors';
import { IS_COLUMNAR } from '../engines/citus/columnar';
import type { Db } from '../model';
import { isoText } from '../server/ask';
import { withSavepoint } from '../server/savepoint';

/** What the job of a table did. */
export interface ColumnarRun {
  /** Whether there are chunks left that it has not tried. */
  readonly more: boolean;
  /** Why chunks were not converted; absent when all that were tried were. */
  readonly error?: string;
}

/**
 * Converts the oldest chunk that is due and can be converted. One for each transaction, because writers of the table wait until
 * it ends, and what is done is not done again after an interruption.
 * @param table with the age from which its chunks are due.
 */
export async function convertOldest(
  db: Db,
  table: { readonly schema: string; readonly name: string; readonly after: string },
): Promise<ColumnarRun> {
  // Without the extension the plan says that chunks stay rows. Empty chunks would take more as columns.
  const { rows: due } = await db.query<{ chunk: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS chunk
       FROM tsdb.chunk k JOIN pg_class c ON c.oid = k.chunk JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN tsdb.stored_size() s ON s.relation = c.oid AND s.heap > 0
      WHERE (k.schema_name, k.table_name) = ($1, $2) AND k.range_end <= now() - $3::interval AND NOT ${IS_COLUMNAR('c')}
        AND EXISTS (SELECT FROM pg_extension WHERE extname = 'citus_columnar')
      ORDER BY k.range_start`,
    [table.schema, table.name, table.after],
  );
  const errors: string[] = [];
  for (const [at, { chunk }] of due.entries()) {
    try {
      const converted = await withSavepoint(db, () => toColumns(db, chunk));
      if (!converted) continue;
      // The run that tries the last chunk says what has failed: it tries those before it once more.
      return at < due.length - 1 ? { more: true } : outcomeOf(errors);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      errors.push(messageOf(error));
      // The table is in use, so the other chunks would have to wait, too.
      if (code === '55P03' || code === '40P01') break;
    }
  }
  return outcomeOf(errors);
}

const outcomeOf = (errors: readonly string[]): ColumnarRun =>
  errors.length === 0 ? { more: false } : { more: false, error: errors.join('; ') };

async function toColumns(db: Db, chunk: string): Promise<boolean> {
  await db.query(`SET LOCAL lock_timeout = '3s'`);
  const { rows } = await db.query<{ done: boolean }>(
    `SELECT tsdb.set_chunk_storage($1, 'columnar') AS done`,
    [chunk],
  );
  return rows[0]?.done === true;
}

/** Columnar chunks that overlap a range, oldest first; only for engine `citus`. */
export async function columnarChunks(
  db: Db,
  table: { readonly schema: string; readonly name: string },
  range: { readonly from: string; readonly to: string },
): Promise<readonly { readonly chunk: string; readonly from: string; readonly to: string }[]> {
  const { rows } = await db.query<{ chunk: string; from: string; to: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS chunk, ${isoText('k.range_start')} AS "from", ${isoText('k.range_end')} AS "to"
       FROM tsdb.chunk k JOIN pg_class c ON c.oid = k.chunk JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (k.schema_name, k.table_name) = ($1, $2) AND k.range_start < $4::timestamptz AND k.range_end > $3::timestamptz AND ${IS_COLUMNAR('c')}
      ORDER BY k.range_start`,
    [table.schema, table.name, range.from, range.to],
  );
  return rows;
}
