// Chunks that somebody has frozen: the server converts none of them, so conversions leave them out and say so.
import { literal } from '../../core/sql';
import type { Db } from '../../model';

/** SQL condition: the chunk, a `regclass`, is not frozen. */
export const NOT_FROZEN = (chunk: string): string =>
  `NOT 'FROZEN' = ANY (_timescaledb_functions.chunk_status_text(${chunk}))`;

/** Which of the chunks are frozen; names are quoted, with schema. */
export async function readFrozen(db: Db, chunks: readonly string[]): Promise<ReadonlySet<string>> {
  if (chunks.length === 0) return new Set();
  const { rows } = await db.query<{ chunk: string }>(
    `SELECT chunk FROM unnest($1::text[]) chunk WHERE NOT (${NOT_FROZEN('chunk::regclass')}) ORDER BY 1`,
    [chunks],
  );
  return new Set(rows.map(({ chunk }) => chunk));
}

/** Says what a frozen chunk keeps, and how to go on. */
export const frozenWarning = (relation: string, chunk: string, keeps: string): string =>
  `chunk ${chunk} of ${relation} is frozen and ${keeps}; to convert it too, run "SELECT _timescaledb_functions.unfreeze_chunk(${literal(chunk)})" and apply again`;
