// Copies ranges by several workers, each with sessions of its own in both databases.
import { dialectOf } from '../../db/model';
import { withRetry } from '../../db/server/retry';
import { copyRange } from './copy-range';
import type { Engines, Moved, Pair, Range } from './model';
import { type Addresses, withPair } from './sessions';

/** A range to copy. */
export interface Task extends Range {
  readonly moved: Moved;
  /** See `copyRange`. */
  readonly compareFirst: boolean;
}

/** How ranges are copied. */
export interface Workers {
  readonly addresses: Addresses;
  readonly engines: Engines;
  readonly count: number;
  readonly signal?: AbortSignal;
}

/**
 * Copies the ranges, in their order as far as several workers can.
 * @param onDone called after each range, with the worker's sessions and the rows of the range.
 */
export async function copyAll<T extends Task>(
  { addresses, engines, count, signal }: Workers,
  tasks: readonly T[],
  onDone: (task: T, rows: number, pair: Pair) => Promise<void>,
): Promise<void> {
  const waiting = [...tasks];
  let failed = false;
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      // Sessions in which a copy broke off are in the middle of it, so each try begins with new ones.
      let next: T | undefined = task;
      await withRetry(() =>
        withPair(addresses, async (pair) => {
          for (; next !== undefined; next = waiting.shift()) {
            if (failed || signal?.aborted) return;
            await makeRoom(pair, engines, next);
            const { rows } = await copyRange(pair, next.moved, next, next.compareFirst);
            await onDone(next, rows, pair);
          }
        }),
      ).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(count, tasks.length) }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  signal?.throwIfAborted();
}

// The emulation makes no chunks by itself. In a transaction of its own: it keeps other makers waiting until its end.
async function makeRoom({ target }: Pair, engines: Engines, { moved, from, to }: Task): Promise<void> {
  if (moved.kind !== 'ranges' || dialectOf(engines.target) !== 'postgres') return;
  if (from.includes('infinity') || to.includes('infinity')) return;
  const [schema, name] = moved.name.split('.');
  await target.query(
    `SELECT tsdb.ensure_chunks($1, $2, $3::timestamptz, $4::timestamptz - interval '1 microsecond')`,
    [schema, name, from, to],
  );
}
