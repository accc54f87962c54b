// Group commit: small writes that arrive while another one is under way wait for it, and then share one transaction.
import { databaseFault } from '../../database/database-errors';
import { isServerAnswer } from '../../database/write-connection';
import { ProblemError } from '../../http/problems';
import type { Ticket } from '../gate';
import { TooManyRejected } from './store-rows';
import { type Batch, type Destination, writeBatch, writeBatches } from './write-batches';
import type { WriteResult } from './write-once';

/** Writes batches without a key, several at once. */
export interface GroupCommit {
  /** Writes a batch, in a slot of the gate; answers after its commit, as `writeBatch` alone would. */
  write(batch: Batch, ticket: Ticket): Promise<WriteResult>;
}

/** A batch that waits to be written. */
interface WaitingBatch {
  readonly batch: Batch;
  readonly ticket: Ticket;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

type Group = readonly [WaitingBatch, ...WaitingBatch[]];

/** The batches of one table. */
interface Queue {
  readonly waiting: WaitingBatch[];
  /** Groups that are being written. */
  running: number;
}

/** Groups of at most `maxRows` rows; `maxInFlight` of them at a time for each table. How many batches wait is limited by the gate. */
export function groupCommit(
  to: Destination,
  { maxRows, maxInFlight }: { readonly maxRows: number; readonly maxInFlight: number },
): GroupCommit {
  const queues = new Map<string, Queue>();

  function startNext(queue: Queue): void {
    while (queue.running < maxInFlight) {
      const group = takeGroup(queue.waiting, maxRows);
      if (!group) return;
      queue.running += 1;
      void inSlot(group, (present) => writeGroup(to, present)).finally(() => {
        queue.running -= 1;
        startNext(queue);
      });
    }
  }

  return {
    write: (batch, ticket) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(batch.name) ?? { waiting: [], running: 0 };
        queues.set(batch.name, queue);
        queue.waiting.push({ batch, ticket, resolve, reject });
        startNext(queue);
      }),
  };
}

/** Takes batches from the front: as many as fit, and at least one. */
function takeGroup(waiting: WaitingBatch[], maxRows: number): Group | undefined {
  let rows = 0;
  const end = waiting.findIndex(({ batch }, at) => {
    rows += Math.max(1, batch.rows.length);
    return at > 0 && rows > maxRows;
  });
  const [first, ...others] = waiting.splice(0, end < 0 ? waiting.length : end);
  return first && [first, ...others];
}

/** Does the work in one slot of the gate; the others keep their places among those who wait until they are answered. */
async function inSlot(group: Group, work: (present: Group) => Promise<void>): Promise<void> {
  const [first, second, ...others] = group;
  try {
    await first.ticket.run(() => work(group));
  } catch (error) {
    // Its client left before its turn; the slot is taken with the ticket of the next one.
    first.reject(error);
    if (second) await inSlot([second, ...others], work);
  }
}

/** Writes the group and answers each of its batches; never throws. */
async function writeGroup(to: Destination, group: Group): Promise<void> {
  if (group.length > 1) {
    try {
      const results = await writeBatches(
        to,
        group.map(({ batch }) => batch),
      );
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as WriteResult);
      return;
    } catch (error) {
      if (!isFaultOfOne(error)) {
        for (const { reject } of group) reject(error);
        return;
      }
    }
  }
  for (const { batch, resolve, reject } of group) await writeBatch(to, batch).then(resolve, reject);
}

/**
 * Whether one batch made the transaction fail, so that each has to be written by itself. After a lost connection the commit
 * state is unknown; after a timeout each retry would time out too; and a server that takes no writes takes none of them.
 */
const isFaultOfOne = (error: unknown): boolean =>
  error instanceof TooManyRejected ||
  (isServerAnswer(error) && !(error instanceof ProblemError) && databaseFault(error) !== 'read-only');
