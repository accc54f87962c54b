// Converts chunks to the columnstore at once, which TimescaleDB's policies would do later.
import type { Client } from 'pg';
import { DatabaseError } from '../../db/core/errors';
import { nameOf } from '../../db/language/names';
import { chunksToCompress, convertChunks, type Stored } from '../../db/upkeep/compress';
import type { RunControl } from './in-turns';
import { counted } from './report/format';

/**
 * Converts every chunk of a table whose rows are all older than `age`.
 * @returns how many chunks.
 * @throws DatabaseError that names the first chunk that was not converted.
 */
export async function convertOlder(
  db: Client,
  table: Stored,
  age: string,
  { signal, onNote }: RunControl,
): Promise<number> {
  const chunks = await chunksToCompress(db, table, age);
  onNote(`${nameOf(table)}: converting ${counted(chunks.length, 'chunk')} to the columnstore`);
  const done = await convertChunks(db, 'columns', chunks, signal ? { signal } : {});
  signal?.throwIfAborted();
  const failed = done.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new DatabaseError(`${failed.chunk} was not converted: ${failed.error}`);
  return chunks.length;
}
