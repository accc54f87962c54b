// A part of a transaction that can be undone alone, so that a failed statement does not end the whole transaction.
import type { Db } from '../model';

/**
 * Runs `work` behind a savepoint of the open transaction and returns its result. When `work` fails, what it did is undone,
 * the transaction can go on, and the error is thrown on. Calls may be nested.
 */
export async function withSavepoint<T>(db: Db, work: () => Promise<T>): Promise<T> {
  await db.query(BEGIN);
  try {
    const result = await work();
    await db.query(KEEP);
    return result;
  } catch (error) {
    await undo(db);
    throw error;
  }
}

/** Like `withSavepoint`, but what `work` did, including its `SET LOCAL`, is undone in any case. */
export async function withSavepointRollback<T>(db: Db, work: () => Promise<T>): Promise<T> {
  await db.query(BEGIN);
  try {
    return await work();
  } finally {
    await undo(db);
  }
}

const BEGIN = 'SAVEPOINT tsdb';
const KEEP = 'RELEASE SAVEPOINT tsdb';

// A lost connection fails here as well; the error of `work` says why, so it is the one that is reported.
async function undo(db: Db): Promise<void> {
  // Rolling back keeps the savepoint itself. Without the release it would hide an outer one, which has the same name.
  await db.query(`ROLLBACK TO SAVEPOINT tsdb; ${KEEP}`).catch(() => undefined);
}
