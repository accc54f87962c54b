// Replays dead letters: rows that can be stored now are deleted from the dead letters in the transaction that stores them.
import { withTransaction } from '../../db/server/connection';
import { onWriteConnection } from '../database/write-connection';
import { ProblemError } from '../http/problems';
import { ndjsonRows } from './read/json-rows';
import { lineProtocolRows } from './read/line-protocol-rows';
import { type RowReader, rowReader } from './read/row-reader';
import { type CheckedRow, type IngestTable, keepable, PRECISIONS, type SentRow } from './rows';
import { type Choice, type DeadLetter, deleteLetters, lockLetters, readLetters } from './store/dead-letters';
import { type PreparedRows, prepareRows, storeRows, TooManyRejected } from './store/store-rows';
import type { Destination } from './store/write-batches';

/** Most letters of one replay. */
export const MOST_REPLAYED = 1_000;

/** A letter that remains, and why. */
export interface ReplayError {
  readonly id: string;
  /** Null for a letter that does not exist. */
  readonly table: string | null;
  readonly reason: string;
}

/** What became of the letters. */
export interface ReplayResult {
  readonly replayed: number;
  readonly failed: number;
  readonly errors: readonly ReplayError[];
}

/**
 * Replays letters, all in one transaction.
 * @throws ProblemError (rows-rejected) when the database itself rejects more than 100 of the rows; then all letters remain.
 */
export async function replayLetters(
  { pool, engine }: Pick<Destination, 'pool' | 'engine'>,
  tables: ReadonlyMap<string, IngestTable>,
  choice: Choice,
): Promise<ReplayResult> {
  const engineName = await engine();
  return onWriteConnection(pool, async (db) => {
    const letters = await readLetters(db, choice, MOST_REPLAYED);
    const { rows, errors } = readAll(letters, tables);
    if ('ids' in choice) errors.push(...missing(choice.ids, letters));
    const prepared: PreparedRows[] = [];
    // In a fixed order, so that two replays at the same time cannot block each other.
    for (const [name, members] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
      prepared.push(await prepareRows(db, engineName, tables.get(name) as IngestTable, members));
    return withTransaction(db, async () => {
      // Another replay may have stored and deleted some of them in the meantime.
      const present = await lockLetters(db, [...rows.values()].flat().map(idOf));
      let replayed = 0;
      for (const batch of prepared) {
        const left = { ...batch, rows: batch.rows.filter((row) => present.has(idOf(row))) };
        const { stored, rejected } = await storeRows(db, left).catch((error: unknown) => {
          if (!(error instanceof TooManyRejected)) throw error;
          throw new ProblemError(
            'rows-rejected',
            'The database refused more than 100 of the rows; nothing was replayed, choose fewer',
          );
        });
        replayed += await deleteLetters(db, stored.map(idOf));
        errors.push(...rejected.map(({ source, reason }) => errorOf(source as DeadLetter, reason)));
      }
      return { replayed, failed: errors.length, errors };
    });
  });
}

const idOf = ({ source }: CheckedRow): string => (source as DeadLetter).id;

const errorOf = ({ id, table_name }: DeadLetter, reason: string): ReplayError => ({
  id,
  table: table_name,
  reason: keepable(reason),
});

function missing(ids: readonly string[], letters: readonly DeadLetter[]): readonly ReplayError[] {
  const found = new Set(letters.map(({ id }) => id));
  return [...new Set(ids.map((id) => id.toLowerCase()))]
    .filter((id) => !found.has(id))
    .map((id) => ({ id, table: null, reason: 'there is no such dead letter' }));
}

/** The rows of the letters by table, each with its letter as the source. */
function readAll(letters: readonly DeadLetter[], tables: ReadonlyMap<string, IngestTable>) {
  const rows = new Map<string, CheckedRow[]>();
  const errors: ReplayError[] = [];
  const readers = new Map<string, RowReader>();
  for (const letter of letters) {
    const table = tables.get(letter.table_name);
    if (!table) {
      errors.push(
        errorOf(letter, 'the table is no longer declared; delete the letter, or select the set of the table'),
      );
      continue;
    }
    const reader = readers.get(table.name) ?? rowReader(table.hypertable, Date.now());
    readers.set(table.name, reader);
    const read = reader({ ...sentRow(letter, table), source: letter }, Date.parse(letter.received_at));
    if ('rejected' in read) errors.push(errorOf(letter, read.rejected.reason));
    else rows.set(table.name, [...(rows.get(table.name) ?? []), read.row]);
  }
  return { rows, errors };
}

function sentRow({ format, line, original, received_at }: DeadLetter, { hypertable }: IngestTable): SentRow {
  const unreadable = (reason: string): SentRow => ({ line, source: original, reason });
  const precision = PRECISIONS.find((name) => format === `line-protocol-${name}`);
  if (precision) {
    const [row] = lineProtocolRows(hypertable, original, precision, Date.parse(received_at));
    return row ?? unreadable('the original has no line');
  }
  if (format === 'ndjson' || format === 'json') {
    const [row] = ndjsonRows(original);
    return row ?? unreadable('the original is empty');
  }
  return unreadable('the original could not be kept exactly as it was sent; send the row again');
}
