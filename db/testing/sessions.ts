// Other sessions of a test's database: what tests wait for instead of waiting a while.
import { waitFor } from '../local/testing/wait';
import { select } from './apply';

/** A session that waits for a lock. */
export interface LockWaiter {
  readonly pid: number;
  /** Beginning of its transaction: tells one try from the next. */
  readonly began: string;
}

export interface BlockedBy {
  /** Kind of lock: `advisory` for one that the test itself holds, `relation` for that of a table. */
  readonly on: 'advisory' | 'relation';
  /** A waiter that was seen already: its next try is waited for. */
  readonly after?: LockWaiter;
}

/** Waits until some session of the database waits for a lock, and tells which. */
export const untilBlocked = (url: string, { on, after }: BlockedBy): Promise<LockWaiter> =>
  waitFor(`a session that waits for a lock, ${on}${after ? ', in another transaction' : ''}`, async () => {
    const [waiter] = await select<LockWaiter>(
      url,
      `SELECT pid, xact_start::text AS began FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1 AND xact_start IS DISTINCT FROM $2::timestamptz`,
      [on, after?.began ?? null],
    );
    return waiter;
  });

/** Ends a session, and waits until the server has done with it. */
export const endSession = (url: string, pid: number): Promise<boolean> =>
  waitFor(
    `the end of session ${pid}`,
    async () =>
      (await select(url, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1', [pid]))
        .length === 0,
  );
