// Writes batches in transactions, over several connections at a time or all in one transaction.
import type { Client } from 'pg';
import { RefusedError } from '../../../db/core/errors';
import { withConnection, withTransaction } from '../../../db/server/connection';
import { announceRetry, isUnreachable, recoveryOf, withRetry } from '../../../db/server/retry';
import { withSavepoint } from '../../../db/server/savepoint';
import { type Batch, type CheckedRun, digestOf } from '../check/check';
import { prepareSession, type Session } from '../check/session';
import type { ImportOptions, Refusal } from '../options';
import type { Held } from '../read/batches';
import { completeBatch, enterBatch } from './ledger';
import { writeRows } from './write-rows';

/** What is to be written. */
export interface Load {
  readonly run: CheckedRun;
  readonly batches: AsyncGenerator<Held<Batch>>;
  /** Number of rows that the table may still refuse. */
  mayRefuse: number;
  /** Is called for each batch that is in the table. */
  readonly onLoaded: (batch: Batch) => void;
}

const MOST_TRIES = 10;

/** Writes each batch in a transaction of its own, over `workers` connections. An abort ends it early, between two batches. */
export async function loadBatches(load: Load, workers: number): Promise<void> {
  const { signal } = load.run.watcher;
  let failed = false;
  const next = async (): Promise<Held<Batch> | undefined> => {
    if (failed || signal?.aborted) return undefined;
    const { value, done } = await load.batches.next();
    return done === true ? undefined : value;
  };
  const work = (): Promise<void> =>
    runWorker(load, next).catch((error: unknown) => {
      failed = true;
      throw error;
    });
  // Nothing may be written after this function, so it waits for every worker, also after a failure.
  const ends = await Promise.allSettled(Array.from({ length: workers }, work));
  await load.batches.return(undefined);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Writes batches over one connection. After a lost connection it opens a new one and sends the batch again. */
async function runWorker(load: Load, next: () => Promise<Held<Batch> | undefined>): Promise<void> {
  const { destination, options, watcher, content } = load.run;
  // Each connection needs a source of its own, because a source remembers its last record.
  const source = content.newSource();
  const retry = {
    attempts: MOST_TRIES,
    signal: watcher.signal,
    onRetry: ({ reason, attempt }: { readonly reason: string; readonly attempt: number }) =>
      watcher.onNote?.(`${reason}; trying again (${attempt} of ${MOST_TRIES})`),
  };
  let current: Held<Batch> | undefined;
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
      return await withConnection(destination.connection, writeAll);
    } catch (error) {
      const isLost = recoveryOf(error) === 'reconnect' || isUnreachable(error);
      if (!isLost || tries >= MOST_TRIES || watcher.signal?.aborted) throw error;
      tries += 1;
      await announceRetry(error, 'reconnect', tries, retry);
    }
  }
}

/** Writes all batches in the open transaction of the import's own connection. */
export async function loadTogether(load: Load): Promise<void> {
  const { db, options, watcher, content } = load.run;
  const session = { db, options, source: content.newSource() };
  await prepareSession(session);
  for await (const loaded of load.batches) {
    watcher.signal?.throwIfAborted();
    await loadBatch(load, session, loaded, withSavepoint);
  }
}

/** Writes one batch with its entry in the ledger, which says after a lost connection whether the batch was committed before. */
async function loadBatch(
  load: Load,
  session: Session,
  loaded: Held<Batch>,
  enclose: typeof withSavepoint,
): Promise<void> {
  const { db, options } = session;
  const { id } = load.run.checked;
  const { batch, bytes } = loaded;
  if (bytes.length !== batch.length || digestOf(bytes) !== batch.digest)
    throw new RefusedError(
      `${options.file} has changed during the import (batch ${batch.number}, from line ${batch.line}); the batches that were written stay. Finish the import with the file as it was`,
    );
  let refused = 0;
  await enclose(db, async () => {
    if (!(await enterBatch(db, id, batch.number))) return;
    const written = await writeRows(session, loaded);
    refused = written.refused.length;
    if (refused > load.mayRefuse) throw tooMany(options, batch, written.refused[0]);
    await completeBatch(db, id, batch, written);
  });
  load.mayRefuse -= refused;
  load.onLoaded(batch);
  loaded.release();
}

const tooMany = ({ file }: ImportOptions, { line }: Batch, first: Refusal | undefined): RefusedError =>
  new RefusedError(
    `${file}, line ${first?.line}: the table refuses the row: ${first?.reason}; the batch from line ${line} was not written. To go on, run the command again with --max-rejects, or with --on-conflict skip or update`,
  );
