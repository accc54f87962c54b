// Runs the jobs of engine `postgres` while the local platform is up.
import { runDueJobs } from '../../db/upkeep/jobs';
import { describeJobRun } from '../commands/jobs';
import { note } from '../output';
import { type Background, runInBackground } from './background';

const LOOK_EVERY_MS = 30_000;

/** Starts to look for due jobs. It reports jobs that fail, and tries again when the database cannot be reached. */
export function startScheduler(url: string): Background {
  return runInBackground({
    url,
    waits: { first: () => 0, next: () => LOOK_EVERY_MS },
    work: async (db) => {
      const runs = await runDueJobs(db);
      for (const run of runs.filter(({ error }) => error !== undefined)) note(`job ${describeJobRun(run)}`);
    },
    failed: (reason) => `jobs could not be run: ${reason}; trying again in ${LOOK_EVERY_MS / 1000} s`,
  });
}
