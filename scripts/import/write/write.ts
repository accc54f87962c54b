// The second pass: writes the rows of a checked file, and refreshes the aggregates over their time.
import type { Client } from 'pg';
import { RefusedError } from '../../../db/core/errors';
import { nameOf } from '../../../db/language/names';
import { withConnection, withTransaction } from '../../../db/server/connection';
import { ensureChunksAt } from '../../../db/server/copy';
import { refreshAggregates, withDependents } from '../../../db/upkeep/refresh';
import type { Batch, Checked } from '../check/check';
import { requireRoom } from '../check/refusals';
import type { RejectFile } from '../check/reject-file';
import type { Destination, ImportOptions, ImportReport, Watcher } from '../options';
import type { Content, Digests } from '../read/content';
import { type Claim, claimImport, closeImport, closeLoading, forgetEmpty, holdImport } from './ledger';
import { type Load, loadBatches, loadTogether } from './load-batches';
import type { LoadedBatch } from './write-rows';

/** A checked file, and what is needed to write it. */
export interface CheckedFile {
  readonly db: Client;
  readonly destination: Destination;
  readonly options: ImportOptions;
  readonly content: Content;
  readonly digests: Digests;
  readonly checked: Checked;
  readonly rejects: RejectFile;
  readonly watcher: Watcher;
}

/** What the import has done, as its report says it. */
export type Outcome = Pick<
  ImportReport,
  'rows' | 'skipped' | 'rejected' | 'from' | 'to' | 'resumed' | 'refreshed'
>;

/** Writes the batches that are not in the database yet. */
export async function writeFile(file: CheckedFile): Promise<Outcome> {
  const { db, destination, options, digests, checked, rejects } = file;
  const { id } = digests;
  await holdImport(db, id);
  await requireRoom(db, destination, options, checked, id);
  const resumed = isAtomic(options) ? await writeTogether(file) : await writeBatches(file);
  // The first connection may have been lost in the meantime; the workers open new ones in that case.
  return withConnection(destination.connection, async (fresh) => {
    const { refused, ...totals } = await closeLoading(fresh, id, checked);
    await rejects.add(refused);
    const refreshed = await refresh(fresh, destination, options, totals);
    await closeImport(fresh, id);
    return { ...totals, resumed, refreshed };
  });
}

// A duplicate key shows only when its row is written. Nothing is committed before the last row, so that nothing stays behind.
const isAtomic = ({ table, onConflict, maxRejects }: ImportOptions): boolean =>
  onConflict === 'fail' && maxRejects === 0 && hasUniqueIndex(table);

const hasUniqueIndex = ({ indexes }: ImportOptions['table']): boolean => indexes.some(({ unique }) => unique);

/** Writes all batches in one transaction. @returns the number of batches that were in the database before. */
async function writeTogether(file: CheckedFile): Promise<number> {
  const { db, options, digests } = file;
  await makeChunks(file);
  return withTransaction(db, async () => {
    const claim = await claimImport(db, digests, options);
    // The first pass may have made it.
    await db.query('DROP TABLE IF EXISTS pg_temp.incoming');
    try {
      await loadTogether(db, loadOf(file, claim));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new RefusedError(`${error.message}; nothing was imported`, { cause: error });
    }
    return claim.finished.size;
  });
}

/** Writes each batch in a transaction of its own. @returns the number of batches that were in the database before. */
async function writeBatches(file: CheckedFile): Promise<number> {
  const { db, destination, options, digests, checked, watcher } = file;
  const claim = await withTransaction(db, () => claimImport(db, digests, options));
  try {
    await makeChunks(file);
    // Of two rows with the same key the first one in the file must come first, so that the outcome is always the same.
    const workers = hasUniqueIndex(options.table) ? 1 : options.workers;
    await loadBatches(destination.connection, workers, loadOf(file, claim));
  } catch (error) {
    if (claim.isNew) await forgetEmpty(db, digests.id).catch(() => undefined);
    throw error;
  }
  if (watcher.signal?.aborted)
    throw new RefusedError(
      `interrupted: the finished batches of ${checked.batches.length} stay; run the same command again to go on`,
    );
  return claim.finished.size;
}

const loadOf = (file: CheckedFile, { finished, refused }: Claim): Load => ({
  id: file.digests.id,
  options: file.options,
  newSource: file.content.newSource,
  batches: unfinished(file, finished),
  mayRefuse: file.options.maxRejects - file.checked.rejected - refused,
  onLoaded: progressOf(file, finished),
  watcher: file.watcher,
});

async function makeChunks({ db, destination, options, checked }: CheckedFile): Promise<void> {
  if (destination.engine !== 'postgres') return;
  const times = [...new Set(checked.batches.flatMap((batch) => batch.times))];
  for (let at = 0; at < times.length; at += 50)
    await ensureChunksAt(db, options.table, times.slice(at, at + 50));
}

/** Reads the file again, and yields the batches that are not in the database yet. */
async function* unfinished(
  { content, checked: { batches } }: CheckedFile,
  finished: ReadonlySet<number>,
): AsyncGenerator<LoadedBatch> {
  let number = 0;
  for await (const held of content.batches(batches.map(({ length }) => length))) {
    const batch = batches[number] as Batch;
    number += 1;
    if (finished.has(batch.number)) held.release();
    else yield { batch, ...held };
  }
}

/** Tells the watcher how many rows are in the database, now and after each batch. */
function progressOf(
  { checked: { batches, records }, watcher }: CheckedFile,
  finished: ReadonlySet<number>,
): (batch: Batch) => void {
  let rows = 0;
  const add = (batch: Batch): void => {
    rows += batch.records;
  };
  batches.filter(({ number }) => finished.has(number)).forEach(add);
  watcher.onLoaded?.(rows, records);
  return (batch) => {
    add(batch);
    watcher.onLoaded?.(rows, records);
  };
}

async function refresh(
  db: Client,
  { engine, desired }: Destination,
  { table }: ImportOptions,
  { from, to }: Pick<Outcome, 'from' | 'to'>,
): Promise<Outcome['refreshed']> {
  if (from === null || to === null) return [];
  const aggregates = withDependents(desired, nameOf(table));
  return refreshAggregates(db, engine, aggregates, { from: new Date(from), to: new Date(to) });
}
