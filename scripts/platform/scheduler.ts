// Runs the jobs of engine `postgres` while the local platform is up, on a connection of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { runDueJobs } from '../../db/upkeep/jobs';
import { describeJobRun } from '../commands/jobs';
import { note } from '../output';

const LOOK_EVERY_MS = 30_000;

/** A scheduler that is running. */
export interface Scheduler {
  /** Waits for the job that is running, then stops. */
  stop(): Promise<void>;
}

/** Starts to look for due jobs. It reports jobs that fail, and tries again when the database cannot be reached. */
export function startScheduler(url: string): Scheduler {
  const stopping = new AbortController();
  const finished = loop(url, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

async function loop(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const runs = await withConnection(url, runDueJobs);
      for (const run of runs.filter(({ error }) => error !== undefined)) note(`job ${describeJobRun(run)}`);
    } catch (error) {
      if (!signal.aborted)
        note(`jobs could not be run: ${messageOf(error)}; trying again in ${LOOK_EVERY_MS / 1000} s`);
    }
    await pause(signal);
  }
}

// Resolves early on abort and leaves no listener behind; one more listener in each round would be a leak.
const pause = (signal: AbortSignal): Promise<void> =>
  sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
