// Writes batches in transactions, over several connections at a time or all in one transaction.
import type { Client, ClientConfig } from 'pg';
import { RefusedError } from '../../../db/core/errors';
import { withConnection, withTransaction } from '../../../db/server/connection';
import { announceRetry, isUnreachable, recoveryOf, withRetry } from '../../../db/server/retry';
import { withSavepoint } from '../../../db/server/savepoint';
import { type Batch, digestOf } from '../check/check';
import { prepareSession, type Session } from '../check/session';
import type { ImportOptions, Refusal, Watcher } from '../options';
import type { RowSource } from '../read/row-source';
import { completeBatch, enterBatch } from './ledger';
import { type LoadedBatch, writeRows } from './write-rows';

/** What is to be written. */
export interface Load {
  /** Name of the import. */
  readonly id: string;
  readonly options: ImportOptions;
  /** Makes a source for each connection, because a source remembers its last record. */
  readonly newSource: () => RowSource;
  readonly batches: AsyncGenerator<LoadedBatch>;
  /** Number of rows that the table may still refuse. */
  mayRefuse: number;
  /** Is called for each batch that is in the table. */
  readonly onLoaded: (batch: Batch) => void;
  readonly watcher: Watcher;
}

const MOST_TRIES = 10;

/** Writes each batch in a transaction of its own, over `workers` connections. An abort ends it early, between two batches. */
export async function loadBatches(
  connection: string | ClientConfig,
  workers: number,
  load: Load,
): Promise<void> {
  let failed = false;
  const next = async (): Promise<LoadedBatch | undefined> => {
    if (failed || load.watcher.signal?.aborted) return undefined;
    const { value, done } = await load.batches.next();
    return done === true ? undefined : value;
  };
  const work = (): Promise<void> =>
    runWorker(connection, load, next).catch((error: unknown) => {
      failed = true;
      throw error;
    });
  // Nothing may be written after this function, so it waits for every worker, also after a failure.
  const ends = await Promise.allSettled(Array.from({ length: workers }, work));
  await load.batches.return(undefined);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Writes batches over one connection. After a lost connection it opens a new one and sends the batch again. */
async function runWorker(
  connection: string | ClientConfig,
  load: Load,
  next: () => Promise<LoadedBatch | undefined>,
): Promise<void> {
  const { options, watcher } = load;
  const source = load.newSource();
  const retry = {
    attempts: MOST_TRIES,
    signal: watcher.signal,
    onRetry: ({ reason, attempt }: { readonly reason: string; readonly attempt: number }) =>
      watcher.onNote?.(`${reason}; trying again (${attempt} of ${MOST_TRIES})`),
  };
  let current: LoadedBatch | undefined;
  let tries = 1;
  const writeAll = async (db: Client): Promise<void> => {
    const session = { db, options, source };
    await prepareSession(session);
    for (;;) {
      current ??= await next();
      if (current === undefined) return;
      const loaded = current;
      await withRetry(() => loadBatch(load, session, loaded, withTransaction), retry);
      current = undefined;
      tries = 1;
    }
  };
  for (;;) {
    try {
      return await withConnection(connection, writeAll);
    } catch (error) {
      const isLost = recoveryOf(error) === 'reconnect' || isUnreachable(error);
      if (!isLost || tries >= MOST_TRIES || watcher.signal?.aborted) throw error;
      tries += 1;
      await announceRetry(error, 'reconnect', tries, retry);
    }
  }
}

/** Writes all batches in the open transaction of `db`. */
export async function loadTogether(db: Client, load: Load): Promise<void> {
  const session = { db, options: load.options, source: load.newSource() };
  await prepareSession(session);
  for await (const loaded of load.batches) {
    load.watcher.signal?.throwIfAborted();
    await loadBatch(load, session, loaded, withSavepoint);
  }
}

/** Writes one batch with its entry in the ledger, which says after a lost connection whether the batch was committed before. */
async function loadBatch(
  load: Load,
  session: Session,
  loaded: LoadedBatch,
  enclose: typeof withSavepoint,
): Promise<void> {
  const { db, options } = session;
  const { batch, bytes } = loaded;
  if (bytes.length !== batch.length || digestOf(bytes) !== batch.digest)
    throw new RefusedError(
      `${options.file} has changed during the import (batch ${batch.number}, from line ${batch.line}); the batches that were written stay. Finish the import with the file as it was`,
    );
  let refused = 0;
  await enclose(db, async () => {
    if (!(await enterBatch(db, load.id, batch.number))) return;
    const written = await writeRows(session, loaded);
    refused = written.refused.length;
    if (refused > load.mayRefuse) throw tooMany(options, batch, written.refused[0]);
    await completeBatch(db, load.id, batch, written);
  });
  load.mayRefuse -= refused;
  load.onLoaded(batch);
  loaded.release();
}

const tooMany = ({ file }: ImportOptions, { line }: Batch, first: Refusal | undefined): RefusedError =>
  new RefusedError(
    `${file}, line ${first?.line}: the table refuses the row: ${first?.reason}; the batch from line ${line} was not written. To go on, run the command again with --max-rejects, or with --on-conflict skip or update`,
  );
