// Group commit: small writes that come while another one is under way wait for it, and then share one transaction.

import { BufferedWriter } from '../../buffer/buffered-writer';
import { ProblemError } from '../../http/problems';
import type { Ticket } from '../gate';
import { TooManyRefused } from './copy-rows';
import { writeShared } from './shared-write';
import { type Batch, type Destination, isServersWord, type WriteResult, writeBatch } from './write-batches';

/** Writes batches without a key, several at once. */
export interface GroupCommit {
  /** Writes a batch, in a slot of the gate; answers after its commit, as `writeBatch` alone would. */
  write(batch: Batch, ticket: Ticket): Promise<WriteResult>;
}

/** A batch on its way, with whom to tell. */
interface Request {
  readonly batch: Batch;
  readonly ticket: Ticket;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Groups of at most `maxRows` rows; `maxInFlight` of them at a time for each table. */
export function groupCommit(
  destination: () => Promise<Destination>,
  { maxRows, maxInFlight }: { readonly maxRows: number; readonly maxInFlight: number },
): GroupCommit {
  const writers = new Map<string, BufferedWriter<Request>>();

  function writerOf(table: string): BufferedWriter<Request> {
    let writer = writers.get(table);
    if (!writer) {
      writer = new BufferedWriter<Request>(
        // Every request is told by itself, and what failed is its client's to send again: to the writer all is well.
        { write: writeRequests, retryAfter: () => undefined },
        {
          maxRows,
          maxDelayMs: 0,
          // How many requests wait is the gate's to say.
          maxWaitingRows: Number.MAX_SAFE_INTEGER,
          maxInFlight,
          attempts: 1,
          weigh: ({ batch }) => Math.max(1, batch.rows.length),
          onRefused: () => undefined,
        },
      );
      writers.set(table, writer);
    }
    return writer;
  }

  async function writeRequests(requests: readonly Request[]): Promise<readonly never[]> {
    for (const [at, { ticket, reject }] of requests.entries()) {
      try {
        // One slot for all; the others keep their places among those who wait, until they are answered.
        await ticket.run(() => settleAll(requests.slice(at)));
        break;
      } catch (error) {
        // Its client left before its turn; the slot is taken with the next one's ticket.
        reject(error);
      }
    }
    return [];
  }

  async function settleAll(requests: readonly Request[]): Promise<void> {
    try {
      const to = await destination();
      const results = await together(to, requests);
      if (results) for (const [at, { resolve }] of requests.entries()) resolve(results[at] as WriteResult);
      else for (const request of requests) await alone(to, request);
    } catch (error) {
      for (const { reject } of requests) reject(error);
    }
  }

  return {
    write: (batch, ticket) =>
      new Promise((resolve, reject) => {
        writerOf(batch.name).add({ batch, ticket, resolve, reject }).catch(reject);
      }),
  };
}

/** Undefined when one of them made the transaction fail, so that each has to be written by itself. */
async function together(
  to: Destination,
  requests: readonly Request[],
): Promise<readonly WriteResult[] | undefined> {
  const [first, ...others] = requests.map(({ batch }) => batch);
  if (!first || others.length === 0) return undefined;
  try {
    return await writeShared(to, [first, ...others]);
  } catch (error) {
    // After a broken connection nobody knows what was committed, and a time limit would only be met again by each.
    const isTheirs =
      error instanceof TooManyRefused || (isServersWord(error) && !(error instanceof ProblemError));
    if (isTheirs) return undefined;
    throw error;
  }
}

async function alone(to: Destination, { batch, resolve, reject }: Request): Promise<void> {
  await writeBatch(to, batch).then(resolve, reject);
}
