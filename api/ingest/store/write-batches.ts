// The transaction of a write: the key, the rows, what was refused and the alerts, all of it or nothing, whenever the process ends.
import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Db, EngineName } from '../../../db/model';
import { withTransaction } from '../../../db/server/connection';
import { withRetry } from '../../../db/server/retry';
import { ProblemError } from '../../http/problems';
import { currentInstant } from '../../series/request/ranges';
import { type Row, type RowFormat, toldVerdict, type Verdict } from '../rows';
import { type Copied, TooManyRefused } from './copy-rows';
import { keepDeadLetters } from './dead-letters';
import { claimKey, keepAnswer, type StoredAnswer, type WriteKey } from './idempotency';
import { lateRows } from './late';
import { rowsRejected } from './rejection';
import { prepare, storeRows, type Target } from './store-rows';

/** The rows of a request, read. */
export interface Batch {
  /** Public name of the table. */
  readonly name: string;
  readonly target: Target;
  readonly format: RowFormat;
  readonly rows: readonly Row[];
  /** Rows that were refused already. */
  readonly verdicts: readonly Verdict[];
  readonly requestId: string;
  readonly key: WriteKey | undefined;
}

/** Where a batch goes. */
export interface Destination {
  readonly pool: Pool;
  readonly engine: EngineName;
  /** Whether refused rows are kept as dead letters. */
  readonly keepsRefused: boolean;
}

/** What a write answers; `replayed` = it was done before. */
export interface WriteResult extends StoredAnswer {
  readonly replayed: boolean;
}

/** Errors that an answer lists at most. */
const MOST_TOLD = 100;

/**
 * Writes a batch.
 * @throws ProblemError: in-progress and key-reused as `claimKey`; rows-rejected, with nothing stored, when the database
 * itself refuses too many rows.
 */
export async function writeBatch(
  { pool, engine, keepsRefused }: Destination,
  batch: Batch,
): Promise<WriteResult> {
  return onWriter(pool, async (db) => {
    const prepared = await prepare(db, engine, batch.target, batch.rows);
    return withTransaction(db, async () => {
      const before = batch.key && (await claimKey(db, batch.key));
      if (before) return { ...before, replayed: true };
      const { stored, refused, alerts } = await storeRows(db, prepared).catch((error: unknown) => {
        if (!(error instanceof TooManyRefused)) throw error;
        throw rowsRejected(
          `The database refused more than ${error.refused.length - 1} rows; nothing of this body was stored, correct the rows and send it again`,
          answerOf(
            batch,
            [],
            [...batch.verdicts, ...error.refused],
            0,
            batch.rows.length + batch.verdicts.length,
          ),
        );
      });
      const result = await settle(db, batch, { stored, refused, alerts }, keepsRefused);
      if (batch.key) await keepAnswer(db, batch.key, result);
      return { ...result, replayed: false };
    });
  });
}

/** Ends a batch whose rows are written, inside the transaction of `db`: keeps what was refused, and returns the answer. */
export async function settle(
  db: Db,
  batch: Batch,
  { stored, refused, alerts }: Copied & { readonly alerts: number },
  keepsRefused: boolean,
): Promise<StoredAnswer> {
  const verdicts = [...batch.verdicts, ...refused].sort((a, b) => a.line - b.line);
  if (keepsRefused) {
    const sent = { table: batch.name, format: batch.format, requestId: batch.requestId };
    await keepDeadLetters(db, sent, verdicts);
  }
  const answer = answerOf(batch, stored, verdicts, alerts);
  return { status: statusOf(stored.length, verdicts.length), answer };
}

/** Runs `work` on a connection that may write; again when it was the victim of a deadlock. */
export async function onWriter<T>(pool: Pool, work: (db: ClientBase) => Promise<T>): Promise<T> {
  return withRetry(
    async () => {
      const db = await connectTo(pool);
      let failure: unknown;
      try {
        return await work(db);
      } catch (error) {
        failure = error;
        throw tooSlow(error) ?? error;
      } finally {
        // What the server said leaves a connection usable; after anything else it may be in the middle of something.
        db.release(failure !== undefined && !isServersWord(failure));
        db.off('error', ignore);
      }
    },
    { attempts: 3 },
  );
}

// Without a listener a session that ends between two statements would end the process; the next statement tells of it. By
// callback, as a server may take its leave in the same breath with which it lets us in, before a promise goes on.
function connectTo(pool: Pool): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, db) => {
      if (db === undefined) {
        reject(error);
        return;
      }
      db.on('error', ignore);
      resolve(db);
    });
  });
}

const ignore = (): void => undefined;

const QUERY_CANCELED = '57014';

/** The general answer to a time limit is a shorter period, which does not help who writes. */
function tooSlow(error: unknown): ProblemError | undefined {
  if ((error as { readonly code?: unknown } | undefined)?.code !== QUERY_CANCELED) return undefined;
  return new ProblemError(
    'database-timeout',
    'The write was stopped by its time limit and nothing of it was stored; send fewer rows at a time, or try again later',
    { cause: error },
  );
}

/** Whether an error is an answer of the server, or of ours, and not a broken connection: then nothing was committed. */
export const isServersWord = (error: unknown): boolean => {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return (
    name === 'ProblemError' ||
    (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P'))
  );
};

const statusOf = (accepted: number, rejected: number): number => {
  if (rejected === 0) return 200;
  return accepted === 0 ? 422 : 207;
};

function answerOf(
  { name, format, target }: Batch,
  stored: readonly Row[],
  verdicts: readonly Verdict[],
  alerts: number,
  rejected = verdicts.length,
) {
  const errors = verdicts.slice(0, MOST_TOLD).map((verdict) => toldVerdict(format, verdict));
  const late = lateRows(target.table, target.aggregates, stored, currentInstant());
  return { table: name, accepted: stored.length, rejected, errors, alerts, late };
}
