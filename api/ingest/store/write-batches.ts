// The transaction of a write: the key, the rows, the rejected rows and the alerts, all or nothing, whenever the process ends.
import type { Pool } from 'pg';
import type { Db, EngineName } from '../../../db/model';
import { withTransaction } from '../../../db/server/connection';
import { rowsWithThresholds } from '../../alerts/raised';
import { onWriteConnection } from '../../database/write-connection';
import { ProblemError } from '../../http/problems';
import { currentInstant } from '../../http/time';
import type { IngestAnswer } from '../ingest-schemas';
import { type CheckedRow, type IngestTable, type RejectedRow, type RowFormat, shownRejection } from '../rows';
import { keepDeadLetters } from './dead-letters';
import { claimKey, keepAnswer, type StoredAnswer, type WriteKey } from './idempotency';
import { lateRows } from './late';
import { type PreparedRows, prepareRows, type StoredRows, storeRows, TooManyRejected } from './store-rows';

/** The rows of a request, read. */
export interface Batch {
  readonly table: IngestTable;
  readonly format: RowFormat;
  readonly rows: readonly CheckedRow[];
  /** Rows that did not pass the check. */
  readonly rejected: readonly RejectedRow[];
  readonly requestId: string;
  readonly key: WriteKey | undefined;
}

/** Where batches are written. */
export interface Destination {
  readonly pool: Pool;
  engine(): Promise<EngineName>;
  /** Whether rejected rows are kept as dead letters. */
  readonly keepsRejected: boolean;
}

/** The answer to a write; `replayed` = the write was done before. */
export interface WriteResult extends StoredAnswer {
  readonly replayed: boolean;
}

/** Most rejected rows that an answer lists. */
const MOST_LISTED = 100;

/**
 * Writes a batch.
 * @throws ProblemError: in-progress and key-reused as `claimKey`; rows-rejected, with nothing stored, when the database
 * itself rejects too many rows.
 */
export async function writeBatch(to: Destination, batch: Batch): Promise<WriteResult> {
  try {
    const [result] = await writeBatches(to, [batch]);
    return result as WriteResult;
  } catch (error) {
    if (!(error instanceof TooManyRejected)) throw error;
    const answer = answerOf(batch, {
      stored: [],
      rejected: [...batch.rejected, ...error.rejected],
      alerts: 0,
    });
    throw new ProblemError(
      'rows-rejected',
      `The database refused more than ${error.rejected.length - 1} rows; nothing of this body was stored, correct the rows and send it again`,
      { members: { ...answer, rejected: batch.rows.length + batch.rejected.length } },
    );
  }
}

/**
 * Writes batches of one table in one transaction; a batch with a key must be alone.
 * @returns the answer to each, in their order, as if it had been written alone.
 * @throws what the transaction throws, TooManyRejected included: then nothing was stored, unless the connection broke.
 */
export async function writeBatches(
  { pool, engine, keepsRejected }: Destination,
  batches: readonly [Batch, ...Batch[]],
): Promise<readonly WriteResult[]> {
  const [{ table, key }, ...others] = batches;
  const rows =
    others.length === 0
      ? batches[0].rows
      : batches.flatMap((batch, owner) => batch.rows.map((row) => ({ ...row, owner })));
  const engineName = await engine();
  return onWriteConnection(pool, async (db) => {
    const prepared = await prepareRows(db, engineName, table, rows);
    return withTransaction(db, async () => {
      const before = key && (await claimKey(db, key));
      if (before) return [{ ...before, replayed: true }];
      const byOwner = await storeByOwner(db, prepared, batches.length);
      const results: WriteResult[] = [];
      for (const [owner, batch] of batches.entries()) {
        const { stored, rejected, alerts } = byOwner[owner] as StoredRows;
        const all = [...batch.rejected, ...rejected].sort((a, b) => a.line - b.line);
        if (keepsRejected) await keepDeadLetters(db, batch, all);
        const answer = answerOf(batch, { stored, rejected: all, alerts });
        results.push({ status: statusOf(answer), answer, replayed: false });
      }
      if (key) await keepAnswer(db, key, results[0] as WriteResult);
      return results;
    });
  });
}

/** Stores rows of several batches and tells the batches apart again. */
async function storeByOwner(db: Db, prepared: PreparedRows, owners: number): Promise<readonly StoredRows[]> {
  const { table, thresholds, rows } = prepared;
  const results = Array.from({ length: owners }, () => ({
    stored: [] as CheckedRow[],
    rejected: [] as RejectedRow[],
    alerts: 0,
  }));
  const resultOf = ({ owner }: { readonly owner: number }) => results[owner] as (typeof results)[number];
  const raising = table.watched ? rowsWithThresholds(table.watched, thresholds, rows) : [];
  const watched = new Set(raising.map(({ owner }) => owner));
  // Alerts are counted per write, so a batch that could raise one is written separately.
  const parts = [...watched].map((owner) => rows.filter((row) => row.owner === owner));
  for (const part of [...parts, rows.filter(({ owner }) => !watched.has(owner))]) {
    const { stored, rejected, alerts } = await storeRows(db, { ...prepared, rows: part });
    for (const row of stored) resultOf(row).stored.push(row);
    for (const row of rejected) resultOf(row).rejected.push(row);
    if (alerts > 0 && part[0]) resultOf(part[0]).alerts = alerts;
  }
  return results;
}

const statusOf = ({ accepted, rejected }: IngestAnswer): number => {
  if (rejected === 0) return 200;
  return accepted === 0 ? 422 : 207;
};

function answerOf({ table, format }: Batch, { stored, rejected, alerts }: StoredRows): IngestAnswer {
  return {
    table: table.name,
    accepted: stored.length,
    rejected: rejected.length,
    errors: rejected.slice(0, MOST_LISTED).map((row) => shownRejection(format, row)),
    alerts,
    late: lateRows(table.hypertable, table.aggregates, stored, currentInstant()),
  };
}
