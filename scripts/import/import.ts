// Imports a file of rows into a hypertable. In go the file's path, the table and the options; out come the rows in the table, the
// refreshed aggregates, a file of refused rows and a report.
//   read/   turns the file into bytes, records and rows.
//   check/  is the first pass: it checks every row, with the server's help where that is needed, and writes nothing.
//   write/  is the second pass: it writes the rows batch by batch, each batch in one transaction with its entry in the ledger.
import type { Client, ClientConfig } from 'pg';
import { RefusedError } from '../../db/core/errors';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import type { EngineName } from '../../db/model';
import { withConnection, withTransaction } from '../../db/server/connection';
import { ensureChunksAt } from '../../db/server/copy';
import { refreshAggregates, withDependents } from '../../db/upkeep/refresh';
import { type Batch, type Checked, checkRows } from './check/check';
import { requireFew, requireRoom, requireUnexpired } from './check/refusals';
import { RejectFile } from './check/reject-file';
import type { ImportOptions, ImportReport, Watcher } from './options';
import { cutByLengths } from './read/batches';
import { type Content, openContent } from './read/content';
import { readBytes, withFile } from './read/source';
import {
  claimImport,
  closeImport,
  closeLoading,
  countRefused,
  forgetEmpty,
  holdImport,
  type Totals,
} from './write/ledger';
import { type Load, loadBatches, loadTogether } from './write/load';
import { conflictKeys } from './write/move-rows';
import type { LoadedBatch } from './write/write-rows';

/** Where an import goes. */
export interface Destination {
  readonly connection: string | ClientConfig;
  readonly engine: EngineName;
  readonly desired: Desired;
}

/**
 * Imports a file. Nothing is written before each row was checked, by the server where that is not beyond doubt. Then batches
 * are written in transactions that enter them in the database, so that a run after an interrupted one writes what is left.
 * @throws UsageError when more rows are refused than allowed; RefusedError for expired rows, a second import or an interruption.
 */
export async function importRows(
  destination: Destination,
  options: ImportOptions,
  watcher: Watcher = {},
): Promise<ImportReport> {
  if (options.onConflict !== 'fail') conflictKeys(options);
  return withFile(options.file, (path) =>
    withConnection(destination.connection, async (db) => {
      const rejects = new RejectFile(options.rejects);
      try {
        const content = await openContent(path, options);
        const checked = await checkRows({ db, options, content, rejects, watcher });
        requireFew(checked, options, rejects);
        requireUnexpired(checked, options);
        const names = content.digests();
        if (options.dryRun) return reportOf(names, checked, rejects, totalsOf(checked));
        return await write(db, destination, options, path, content, checked, names, rejects, watcher);
      } finally {
        await rejects.close();
      }
    }),
  );
}

async function write(
  db: Client,
  destination: Destination,
  options: ImportOptions,
  path: string,
  content: Content,
  checked: Checked,
  names: ReturnType<Content['digests']>,
  rejects: RejectFile,
  watcher: Watcher,
): Promise<ImportReport> {
  const { id } = names;
  await holdImport(db, id);
  await requireRoom(db, destination, options, checked, id);
  const refusedBefore = await countRefused(db, id);
  const load: Load = {
    id,
    options,
    newSource: content.newSource,
    mayRefuse: options.maxRejects - checked.rejected - refusedBefore,
    watcher,
  };
  const session = { db, destination, options, path, content, checked, names, load, watcher };
  const resumed = isAtomic(options) ? await writeTogether(session) : await writeBatches(session);
  // The first connection may have been lost in the meantime, which the workers overcome.
  return withConnection(destination.connection, async (fresh) => {
    const totals = await closeLoading(fresh, id, checked);
    await rejects.add(totals.refused);
    const refreshed = await refresh(fresh, destination, options, totals);
    await closeImport(fresh, id);
    return { ...reportOf(names, checked, rejects, totals), resumed, refreshed };
  });
}

interface Session {
  readonly db: Client;
  readonly destination: Destination;
  readonly options: ImportOptions;
  readonly path: string;
  readonly content: Content;
  readonly checked: Checked;
  readonly names: ReturnType<Content['digests']>;
  readonly load: Load;
  readonly watcher: Watcher;
}

// A duplicate shows only when it is written. So that it leaves nothing behind, nothing is committed before the last row.
const isAtomic = ({ table, onConflict, maxRejects }: ImportOptions): boolean =>
  onConflict === 'fail' && maxRejects === 0 && table.indexes.some(({ unique }) => unique);

async function writeTogether(session: Session): Promise<number> {
  const { db, options, load, names } = session;
  await makeChunks(session);
  return withTransaction(db, async () => {
    const { finished } = await claimImport(db, names.id, names.content, options);
    await db.query('DROP TABLE IF EXISTS pg_temp.incoming');
    const onLoaded = progress(session, finished);
    await loadTogether(db, load, unfinished(session, finished), onLoaded).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error;
      throw new RefusedError(`${error.message}; nothing was imported`, { cause: error });
    });
    return finished.size;
  });
}

async function writeBatches(session: Session): Promise<number> {
  const { db, destination, options, load, names, checked, watcher } = session;
  const { finished, isNew } = await withTransaction(db, () =>
    claimImport(db, names.id, names.content, options),
  );
  try {
    await makeChunks(session);
    // Which of two rows with one key comes first must not depend on luck.
    const workers = options.table.indexes.some(({ unique }) => unique) ? 1 : options.workers;
    await loadBatches(
      destination.connection,
      load,
      unfinished(session, finished),
      workers,
      progress(session, finished),
    );
  } catch (error) {
    if (isNew) await forgetEmpty(db, names.id).catch(() => undefined);
    throw error;
  }
  if (watcher.signal?.aborted)
    throw new RefusedError(
      `interrupted: the finished batches of ${checked.batches.length} stay; run the same command again to go on`,
    );
  return finished.size;
}

async function makeChunks({ db, destination, options, checked }: Session): Promise<void> {
  if (destination.engine !== 'postgres') return;
  const times = [...new Set(checked.batches.flatMap((batch) => batch.times))];
  for (let at = 0; at < times.length; at += 50)
    await ensureChunksAt(db, options.table, times.slice(at, at + 50));
}

async function* unfinished(
  { path, options, content, checked }: Session,
  finished: ReadonlySet<number>,
): AsyncGenerator<LoadedBatch> {
  const bytes = cutByLengths(
    readBytes(path, options.compression),
    content.skip,
    checked.batches.map(({ length }) => length),
  );
  let number = 0;
  for await (const held of bytes) {
    const batch = checked.batches[number] as Batch;
    number += 1;
    if (finished.has(batch.number)) held.release();
    else yield { batch, ...held };
  }
}

function progress({ checked, watcher }: Session, finished: ReadonlySet<number>): (batch: Batch) => void {
  let rows = 0;
  for (const batch of checked.batches) if (finished.has(batch.number)) rows += batch.records;
  watcher.onLoaded?.(rows, checked.records);
  return (batch) => {
    rows += batch.records;
    watcher.onLoaded?.(rows, checked.records);
  };
}

async function refresh(
  db: Client,
  { engine, desired }: Destination,
  { table }: ImportOptions,
  totals: Totals,
) {
  if (totals.from === null || totals.to === null) return [];
  return refreshAggregates(db, engine, withDependents(desired, nameOf(table)), {
    from: new Date(totals.from),
    to: new Date(totals.to),
  });
}

const totalsOf = ({ records, rejected, from, to }: Checked): Totals => ({
  rows: records - rejected,
  skipped: 0,
  rejected,
  from,
  to,
  refused: [],
});

function reportOf(
  names: ReturnType<Content['digests']>,
  checked: Checked,
  rejects: RejectFile,
  { rows, skipped, rejected, from, to }: Totals,
): ImportReport {
  return {
    ...names,
    rows,
    skipped,
    rejected,
    rejects: rejects.isMade ? rejects.path : null,
    resumed: 0,
    batches: checked.batches.length,
    from,
    to,
    refreshed: [],
  };
}
