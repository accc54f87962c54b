// The second pass: batches go in, each in one transaction with its entry, over some connections at a time.
import type { Client, ClientConfig } from 'pg';
import { RefusedError } from '../../../db/core/errors';
import { withConnection, withTransaction } from '../../../db/server/connection';
import { announceRetry, isUnreachable, recoveryOf, withRetry } from '../../../db/server/retry';
import { withSavepoint } from '../../../db/server/savepoint';
import { type Batch, digestOf } from '../check/check';
import { prepareSession, type Session } from '../check/session';
import type { ImportOptions, Watcher } from '../options';
import type { RowSource } from '../read/row-source';
import { describeBatch, enterBatch } from './ledger';
import { type LoadedBatch, writeRows } from './write-rows';

export interface Load {
  readonly id: string;
  readonly options: ImportOptions;
  /** A source of its own for each connection: a source remembers its last record. */
  readonly newSource: () => RowSource;
  /** Rows that may still be refused by the table. */
  mayRefuse: number;
  readonly watcher: Watcher;
}

const MOST_TRIES = 10;

/** Loads batches over `workers` connections; ends early, between batches, when the signal says so. */
export async function loadBatches(
  connection: string | ClientConfig,
  load: Load,
  batches: AsyncGenerator<LoadedBatch>,
  workers: number,
  onLoaded: (batch: Batch) => void,
): Promise<void> {
  let failed = false;
  const next = async (): Promise<LoadedBatch | undefined> => {
    if (failed || load.watcher.signal?.aborted) return undefined;
    const { value, done } = await batches.next();
    return done === true ? undefined : value;
  };
  const all = Array.from({ length: workers }, () =>
    work(connection, load, next, onLoaded).catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // Every worker has ended when this does, so that nothing is written after it.
  const failures = (await Promise.allSettled(all)).flatMap((end) =>
    end.status === 'rejected' ? [end.reason] : [],
  );
  await batches.return(undefined);
  if (failures.length > 0) throw failures[0];
}

// A session that is lost is opened again, and its batch sent again: the entry tells whether it went in before.
async function work(
  connection: string | ClientConfig,
  load: Load,
  next: () => Promise<LoadedBatch | undefined>,
  onLoaded: (batch: Batch) => void,
): Promise<void> {
  const { options } = load;
  const source = load.newSource();
  let current: LoadedBatch | undefined;
  let tries = 1;
  for (;;) {
    try {
      await withConnection(connection, async (db) => {
        const session = { db, options, source };
        await prepareSession(session);
        for (;;) {
          current ??= await next();
          if (current === undefined) return;
          const { batch } = current;
          const loaded = current;
          await withRetry(() => loadBatch(load, session, loaded, withTransaction), retryOptions(load));
          onLoaded(batch);
          loaded.release();
          current = undefined;
          tries = 1;
        }
      });
      return;
    } catch (error) {
      const lost = recoveryOf(error) === 'reconnect' || isUnreachable(error);
      if (!lost || tries >= MOST_TRIES || load.watcher.signal?.aborted) throw error;
      tries += 1;
      await announceRetry(error, 'reconnect', tries, retryOptions(load));
    }
  }
}

const retryOptions = ({ watcher }: Load) => ({
  attempts: MOST_TRIES,
  signal: watcher.signal,
  onRetry: ({ reason, attempt }: { readonly reason: string; readonly attempt: number }) =>
    watcher.onNote?.(`${reason}; trying again (${attempt} of ${MOST_TRIES})`),
});

/** Loads batches in the transaction of `db`: all of them or none. */
export async function loadTogether(
  db: Client,
  load: Load,
  batches: AsyncIterable<LoadedBatch>,
  onLoaded: (batch: Batch) => void,
): Promise<void> {
  const session = { db, options: load.options, source: load.newSource() };
  await prepareSession(session);
  for await (const loaded of batches) {
    load.watcher.signal?.throwIfAborted();
    await loadBatch(load, session, loaded, withSavepoint);
    onLoaded(loaded.batch);
    loaded.release();
  }
}

async function loadBatch(
  load: Load,
  session: Session,
  loaded: LoadedBatch,
  enclose: typeof withSavepoint,
): Promise<void> {
  const { id, options } = load;
  const { batch, bytes } = loaded;
  if (bytes.length !== batch.length || digestOf(bytes) !== batch.digest)
    throw new RefusedError(
      `${options.file} has changed while it was imported (batch ${batch.number}, from line ${batch.line}); what is in stays, finish with the file as it was`,
    );
  let refused = 0;
  await enclose(session.db, async () => {
    if (!(await enterBatch(session.db, id, batch.number))) return;
    const written = await writeRows(session, loaded);
    refused = written.refused.length;
    if (refused > load.mayRefuse) throw tooMany(load, batch, written.refused[0]);
    await describeBatch(session.db, id, { number: batch.number, from: batch.from, to: batch.to, ...written });
  });
  load.mayRefuse -= refused;
}

function tooMany(
  { options }: Load,
  batch: Batch,
  first: { line: number; reason: string } | undefined,
): RefusedError {
  return new RefusedError(
    `${options.file}, line ${first?.line}: the table refuses the row: ${first?.reason}; the batch from line ${batch.line} was not written. To go on, run it again with --max-rejects, or with --on-conflict skip or update`,
  );
}
