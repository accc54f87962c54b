// Work that repeats beside the running platform until it is stopped, on a connection of its own in each round.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { messageOf } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { note } from '../output';

/** Work under way. */
export interface Background {
  /** Waits for the round that is running, then stops. */
  stop(): Promise<void>;
}

/** What is repeated, and when. */
export interface Rounds {
  readonly url: string;
  readonly work: (db: Client, signal: AbortSignal) => Promise<void>;
  /** Milliseconds until the first round, and from the end of one round to the next. */
  readonly waits: { readonly first: () => number; readonly next: () => number };
  /** Words of a failed round; another follows all the same, because a database that is away comes back. */
  readonly failed: (reason: string) => string;
}

/** Starts the rounds. */
export function runInBackground(rounds: Rounds): Background {
  const stopping = new AbortController();
  const finished = repeat(rounds, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

async function repeat({ url, work, waits, failed }: Rounds, signal: AbortSignal): Promise<void> {
  await pause(waits.first(), signal);
  while (!signal.aborted) {
    try {
      await withConnection(url, (db) => work(db, signal));
    } catch (error) {
      if (!signal.aborted) note(failed(messageOf(error)));
    }
    await pause(waits.next(), signal);
  }
}

// Resolves early on abort and leaves no listener behind; one more listener in each round would be a leak.
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);
