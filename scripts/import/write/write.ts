// The second pass: writes the rows of a checked file, and refreshes the aggregates over their time.
import { RefusedError } from '../../../db/core/errors';
import { nameOf } from '../../../db/language/names';
import { withConnection, withTransaction } from '../../../db/server/connection';
import { refreshAggregates, withDependents } from '../../../db/upkeep/refresh';
import type { Batch, CheckedRun } from '../check/check';
import { requireRoom } from '../check/refusals';
import type { ImportOptions, ImportReport } from '../options';
import { type Claim, claimImport, closeImport, closeLoading, forgetEmpty, holdImport } from './ledger';
import { type Load, loadBatches, loadTogether } from './load-batches';
import { makeChunks, makeChunksForWorkers } from './make-chunks';

/** What the import has done, as its report says it. */
export type Outcome = Omit<ImportReport, 'id' | 'content' | 'batches' | 'rejects' | 'ignored'>;

/** Writes the batches that are not in the database yet. */
export async function writeFile(run: CheckedRun): Promise<Outcome> {
  const { db, destination, options, checked, rejects } = run;
  await holdImport(db, checked.id);
  await requireRoom(run);
  const resumed = isAtomic(options) ? await writeTogether(run) : await writeBatches(run);
  // The first connection may have been lost in the meantime; the workers open new ones in that case.
  return withConnection(destination.connection, async (fresh) => {
    const { refused, ...totals } = await closeLoading(fresh, checked);
    const { from, to } = totals;
    await rejects.add(refused);
    const aggregates =
      from === null || to === null ? [] : withDependents(destination.desired, nameOf(options.table));
    const window = { from: new Date(from ?? 0), to: new Date(to ?? 0) };
    const refreshed = await refreshAggregates(fresh, destination.engine, aggregates, window);
    await closeImport(fresh, checked.id);
    return { ...totals, resumed, refreshed };
  });
}

// A duplicate key shows only when its row is written. Nothing is committed before the last row, so that nothing stays behind.
const isAtomic = ({ table, onConflict, maxRejects }: ImportOptions): boolean =>
  onConflict === 'fail' && maxRejects === 0 && hasUniqueIndex(table);

const hasUniqueIndex = ({ indexes }: ImportOptions['table']): boolean => indexes.some(({ unique }) => unique);

/** Writes all batches in one transaction. @returns the number of batches that were in the database before. */
async function writeTogether(run: CheckedRun): Promise<number> {
  const { db, options, checked } = run;
  await makeChunks(run);
  return withTransaction(db, async () => {
    const claim = await claimImport(db, checked, options);
    // The first pass may have made it.
    await db.query('DROP TABLE IF EXISTS pg_temp.incoming');
    try {
      await loadTogether(loadOf(run, claim));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new RefusedError(`${error.message}; nothing was imported`, { cause: error });
    }
    return claim.finished.size;
  });
}

/** Writes each batch in a transaction of its own. @returns the number of batches that were in the database before. */
async function writeBatches(run: CheckedRun): Promise<number> {
  const { db, options, checked, watcher } = run;
  const claim = await withTransaction(db, () => claimImport(db, checked, options));
  try {
    await makeChunks(run);
    // Of two rows with the same key the first one in the file must come first, so that the outcome is always the same.
    const workers = hasUniqueIndex(options.table) ? 1 : options.workers;
    await makeChunksForWorkers(run, workers);
    await loadBatches(loadOf(run, claim), workers);
  } catch (error) {
    if (claim.isNew) await forgetEmpty(db, checked.id).catch(() => undefined);
    throw error;
  }
  if (watcher.signal?.aborted)
    throw new RefusedError(
      `interrupted: the finished batches of ${checked.batches.length} stay; run the same command again to go on`,
    );
  return claim.finished.size;
}

const loadOf = (run: CheckedRun, { finished, refused }: Claim): Load => ({
  run,
  batches: run.content.readAgain(run.checked.batches, ({ number }) => !finished.has(number)),
  mayRefuse: run.options.maxRejects - run.checked.rejected - refused,
  onLoaded: progressOf(run, finished),
});

/** Makes the function that tells the watcher how many rows are in the table: now, and after each batch. */
function progressOf({ checked, watcher }: CheckedRun, finished: ReadonlySet<number>): (batch: Batch) => void {
  const rowsOf = (batches: readonly Batch[]) => batches.reduce((sum, { records }) => sum + records, 0);
  let rows = rowsOf(checked.batches.filter(({ number }) => finished.has(number)));
  watcher.onLoaded?.(rows, checked.records);
  return ({ records }) => {
    rows += records;
    watcher.onLoaded?.(rows, checked.records);
  };
}
