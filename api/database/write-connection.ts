// Work on a connection of the pool that writes.
import type { ClientBase, Pool, PoolClient } from 'pg';
import { READ_ONLY } from '../../db/server/read-only';
import { requireRestored } from '../../db/server/restoring';
import { withRetry } from '../../db/server/retry';
import { ProblemError } from '../http/problems';

/**
 * Runs `work` on a connection that may write; again when it was the victim of a deadlock.
 * @throws RestoringError when a restore began since the connection was made.
 */
export async function onWriteConnection<T>(pool: Pool, work: (db: ClientBase) => Promise<T>): Promise<T> {
  return withRetry(
    async () => {
      const db = await connectTo(pool);
      let failure: unknown;
      try {
        await requireRestored(db);
        return await work(db);
      } catch (error) {
        failure = error;
        throw tooSlow(error) ?? error;
      } finally {
        db.release(failure !== undefined && !isUsableAfter(failure));
        db.off('error', ignore);
      }
    },
    { attempts: 3 },
  );
}

// After an answer of the server the connection is usable, but one that may not write would never write. After any other failure
// it may be in the middle of something.
const isUsableAfter = (failure: unknown): boolean =>
  isServerAnswer(failure) && (failure as { readonly code?: unknown }).code !== READ_ONLY;

/** Whether an error is an answer of the server or of this code, and not a broken connection: then nothing was committed. */
export function isServerAnswer(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return (
    name === 'ProblemError' ||
    (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P'))
  );
}

// Without a listener, a session that ends between two statements would end the process; the next statement reports it anyway.
// The server may close the session before a promise callback runs, so attach the listener in the connect callback.
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

/** The usual advice after a timeout, to ask for a shorter period, does not help a client that writes. */
function tooSlow(error: unknown): ProblemError | undefined {
  if ((error as { readonly code?: unknown } | undefined)?.code !== QUERY_CANCELED) return undefined;
  return new ProblemError(
    'database-timeout',
    'The write was stopped by its time limit and nothing of it was stored; send fewer rows at a time, or try again later',
    { cause: error },
  );
}
