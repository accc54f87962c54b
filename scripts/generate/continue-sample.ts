// Brings sample data that exists up to now, with its aggregates.
import { randomUUID } from 'node:crypto';
import { nameOf } from '../../db/language/names';
import { pauseJobs, restoreJobs } from '../../db/reconcile/pause';
import { withReconcilerLock, withTransaction } from '../../db/server/connection';
import { aggregatesOf, continueSet, forgetPending, lastDays, refreshSeeded, type Target } from './generate';
import { ensureProgress, markRefreshed, readProgress } from './progress';
import type { SampleSet } from './sample';

/**
 * Work on the tables of sets under the lock of the reconciler and with the jobs of these tables paused: nobody changes the
 * schema meanwhile, and retention drops no row before the aggregates have seen it.
 */
export async function withJobsPaused<T>(
  { db, engine }: Pick<Target, 'db' | 'engine'>,
  sets: readonly SampleSet[],
  lockWaitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const tables = sets.flatMap((set) => set.tables.map(nameOf));
  return withReconcilerLock(db, lockWaitMs, async () => {
    try {
      await pauseJobs(db, engine, randomUUID(), tables);
      return await work();
    } finally {
      await restoreJobs(db);
    }
  });
}

// Within the refresh window of every policy over sample data.
const SEEN_BY_POLICIES_MS = 3_600_000;

export interface ContinueSampleOptions {
  readonly lockWaitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Up to when, rounded down to a whole interval; absent = now. */
  readonly now?: Date;
}

/**
 * Writes what a set lacks up to now. A short stretch is left to the refresh policies; after a longer one the aggregates are refreshed here.
 * @returns the number of rows of the set's first table; undefined when this database holds no sample data of the set.
 * @throws the signal's reason when it was stopped, after whole days only.
 */
export async function continueSample(
  target: Target,
  set: SampleSet,
  { lockWaitMs, signal, now = new Date() }: ContinueSampleOptions,
): Promise<number | undefined> {
  const { db, desired } = target;
  await ensureProgress(db);
  const progress = await readProgress(db, set.name);
  if (progress === undefined) return undefined;
  const { to } = lastDays(0, progress.options.intervalSeconds, now);
  const aggregates = aggregatesOf(set, desired);
  const firstTable = (rows: ReadonlyMap<string, number>): number => [...rows.values()][0] ?? 0;
  const pending = await db.query('SELECT FROM tsdb.pending_refresh WHERE aggregate = ANY ($1)', [
    aggregates.map(nameOf),
  ]);
  if (pending.rowCount === 0 && to.getTime() - progress.next.getTime() <= SEEN_BY_POLICIES_MS) {
    const slice = (write: () => Promise<void>): Promise<void> =>
      withTransaction(db, async () => {
        await write();
        await forgetPending(db, aggregates);
      });
    return firstTable(await continueSet(target, set, to, { signal, slice, quiet: true }));
  }
  return withJobsPaused(target, [set], lockWaitMs, async () => {
    const rows = await continueSet(target, set, to, { signal });
    await refreshSeeded(target, aggregates, { window: { from: progress.refreshed } });
    await markRefreshed(db, set.name);
    return firstTable(rows);
  });
}
