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

/** Reads behind a savepoint, which also ends the time limit. A statement that takes longer fails with `57014`. */
export function withTimeLimit<T>(db: Db, seconds: number, read: () => Promise<T>): Promise<T> {
  return withSavepointRollback(db, async () => {
    await db.query(`SET LOCAL statement_timeout = '${seconds}s'`);
    return read();
  });
}

const BEGIN = 'SAVEPOINT tsdb';
const KEEP = 'RELEASE SAVEPOINT tsdb';

// On a lost connection this fails too. The error of `work` is the one to report, so this one is dropped.
async function undo(db: Db): Promise<void> {
  // Rolling back keeps the savepoint itself. Without the release it would hide an outer one, which has the same name.
  await db.query(`ROLLBACK TO SAVEPOINT tsdb; ${KEEP}`).catch(() => undefined);
}
