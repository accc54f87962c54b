// The transaction of a write: the key, the rows, the rejected rows and the alerts, all or nothing, whenever the process ends.
import type { Pool } from 'pg';
import type { Db, EngineName } from '../../../db/model';
import { withTransaction } from '../../../db/server/connection';
import { rowsWithThresholds } from '../../alerts/raised';
import { onWriteConnection } from '../../database/write-connection';
import { ProblemError } from '../../http/problems';
import { currentInstant } from '../../http/time';
import type { IngestAnswer } from '../ingest-schemas';
import {
  type CheckedRow,
  type IngestTable,
  type RejectedRow,
  type RowFormat,
  shownRejection,
  type TableRows,
} from '../rows';
import { keepDeadLetters } from './dead-letters';
import { lateRows } from './late';
import { type PreparedRows, prepareRows, type StoredRows, storeRows, TooManyRejected } from './store-rows';
import type { WriteOnce, WriteResult } from './write-once';

/** The rows of a request for one table, read. */
export interface Batch extends TableRows {
  readonly format: RowFormat;
  readonly requestId: string;
}

/** Where batches are written. */
export interface Destination {
  readonly pool: Pool;
  engine(): Promise<EngineName>;
  /** Whether rejected rows are kept as dead letters. */
  readonly keepsRejected: boolean;
}

/** Most rejected rows that an answer lists. */
const MOST_LISTED = 100;

/**
 * Writes a batch.
 * @throws what `once` throws; ProblemError rows-rejected, with nothing stored, when the database
 * itself rejects too many rows.
 */
export async function writeBatch(to: Destination, batch: Batch, once?: WriteOnce): Promise<WriteResult> {
  try {
    const [result] = await writeBatches(to, [batch], once);
    return result as WriteResult;
  } catch (error) {
    if (!(error instanceof TooManyRejected)) throw error;
    const answer = answerOf(batch, { ...nothing(), rejected: [...batch.rejected, ...error.rejected] });
    throw new ProblemError(
      'rows-rejected',
      `The database refused more than ${error.rejected.length - 1} rows; nothing of this body was stored, correct the rows and send it again`,
      { members: { ...answer, rejected: batch.rows.length + batch.rejected.length } },
    );
  }
}

/**
 * Writes batches in one transaction.
 * @param once for all batches together: when they were written before, their first answers are returned.
 * @returns the answer to each, in their order, as if it had been written alone.
 * @throws what the transaction throws, TooManyRejected included: then nothing was stored, unless the connection broke.
 */
export async function writeBatches(
  { pool, engine, keepsRejected }: Destination,
  batches: readonly Batch[],
  once?: WriteOnce,
): Promise<readonly WriteResult[]> {
  const engineName = await engine();
  return onWriteConnection(pool, async (db) => {
    const prepared: PreparedRows[] = [];
    for (const [table, rows] of rowsByTable(batches))
      prepared.push(await prepareRows(db, engineName, table, rows));
    return withTransaction(db, async () => {
      const before = await once?.claim(db);
      if (before) return before.map((answer) => ({ ...answer, replayed: true }));
      const byOwner: readonly OwnRows[] = batches.map(nothing);
      for (const part of prepared) await storeByOwner(db, part, byOwner);
      const results: WriteResult[] = [];
      const refused: (readonly RejectedRow[])[] = [];
      for (const [owner, batch] of batches.entries()) {
        const stored = byOwner[owner] as OwnRows;
        const rejected = [...batch.rejected, ...stored.rejected].sort((a, b) => a.line - b.line);
        refused.push(rejected);
        if (keepsRejected) await keepDeadLetters(db, batch, rejected);
        const answer = answerOf(batch, { ...stored, rejected });
        results.push({ status: statusOf(answer), answer, replayed: false });
      }
      await once?.keep(db, results, refused);
      return results;
    });
  });
}

/**
 * Keeps all rows of batches of which nothing was stored, as dead letters. The rows are as good as before; the error says why not.
 * Once only, too: when the letters were replayed, the same write must not store their rows once more.
 */
export async function keepBatches(
  { pool }: Destination,
  batches: readonly Batch[],
  { detail }: Pick<ProblemError, 'detail'>,
  once?: WriteOnce,
): Promise<readonly WriteResult[]> {
  return onWriteConnection(pool, (db) =>
    withTransaction(db, async () => {
      const before = await once?.claim(db);
      if (before) return before.map((answer) => ({ ...answer, replayed: true }));
      const results: WriteResult[] = [];
      const refused: (readonly RejectedRow[])[] = [];
      for (const batch of batches) {
        const others = batch.rows.map(({ line, source, owner }) => ({ line, source, owner, reason: detail }));
        const rejected = [...batch.rejected, ...others].sort((a, b) => a.line - b.line);
        refused.push(rejected);
        await keepDeadLetters(db, batch, rejected);
        const answer = answerOf(batch, { ...nothing(), rejected });
        results.push({ status: statusOf(answer), answer, replayed: false });
      }
      await once?.keep(db, results, refused);
      return results;
    }),
  );
}

/** The rows of the batches by table, each with the number of its batch; tables in the order in which they first come. */
function rowsByTable(batches: readonly Batch[]): ReadonlyMap<IngestTable, readonly CheckedRow[]> {
  const tables = new Map<IngestTable, CheckedRow[]>();
  for (const [owner, { table, rows }] of batches.entries()) {
    if (!table) continue;
    const own = owner === 0 ? [...rows] : rows.map((row) => ({ ...row, owner }));
    const known = tables.get(table);
    if (known) for (const row of own) known.push(row);
    else tables.set(table, own);
  }
  return tables;
}

/** What became of the rows of one batch. */
interface OwnRows {
  readonly stored: CheckedRow[];
  readonly rejected: RejectedRow[];
  unchanged: number;
  alerts: number;
}

const nothing = (): OwnRows => ({ stored: [], rejected: [], unchanged: 0, alerts: 0 });

/** Stores rows of several batches of a table and adds the results to those of their batches. */
async function storeByOwner(db: Db, prepared: PreparedRows, results: readonly OwnRows[]): Promise<void> {
  const { table, thresholds, rows } = prepared;
  const resultOf = ({ owner }: { readonly owner: number }) => results[owner] as OwnRows;
  const raising = table.watched ? rowsWithThresholds(table.watched, thresholds, rows) : [];
  // Alerts, and rows that change nothing, are counted per write, so a batch that could have some is written separately.
  const separate = new Set((table.hypertable.unique ? rows : raising).map(({ owner }) => owner));
  const parts = [...separate].map((owner) => rows.filter((row) => row.owner === owner));
  for (const part of [...parts, rows.filter(({ owner }) => !separate.has(owner))]) {
    const { stored, rejected, unchanged, alerts } = await storeRows(db, { ...prepared, rows: part });
    for (const row of stored) resultOf(row).stored.push(row);
    for (const row of rejected) resultOf(row).rejected.push(row);
    if (!part[0]) continue;
    resultOf(part[0]).alerts += alerts;
    resultOf(part[0]).unchanged += unchanged;
  }
}

const statusOf = ({ accepted, rejected }: IngestAnswer): number => {
  if (rejected === 0) return 200;
  return accepted === 0 ? 422 : 207;
};

function answerOf(
  { name, table, format }: Batch,
  { stored, rejected, unchanged, alerts }: StoredRows,
): IngestAnswer {
  return {
    table: name,
    accepted: stored.length,
    unchanged,
    rejected: rejected.length,
    errors: rejected.slice(0, MOST_LISTED).map((row) => shownRejection(format, row)),
    alerts,
    late: table ? lateRows(table.hypertable, table.aggregates, stored, currentInstant()) : null,
  };
}
