// tsdb jobs run: what a scheduler calls on engine `postgres`; TimescaleDB schedules by itself.
import { withConnection, withRollback } from '../../db/connection';
import { type JobRun, runDueJobs } from '../../db/jobs';
import { readServer } from '../../db/server';
import { readContext, requireConnection } from '../context';
import { note, print, printJson } from '../output';

/** Runs what is due. Exit code 1 when a job failed. */
export async function runJobs(flags: { readonly json?: boolean }): Promise<number> {
  const { config } = readContext();
  const runs = await withConnection(requireConnection(config), async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    if (engine === 'postgres') return runDueJobs(db);
    note('TimescaleDB runs its jobs by itself; see "tsdb status"');
    return [];
  });
  for (const run of runs) note(describeJobRun(run));
  if (flags.json) printJson(runs);
  else print(`${runs.length} jobs run, ${runs.filter(({ error }) => error !== undefined).length} failed`);
  return runs.some(({ error }) => error !== undefined) ? 1 : 0;
}

/** One line for people. */
export function describeJobRun({ job, milliseconds, error }: JobRun): string {
  return error === undefined ? `${job}: done in ${milliseconds} ms` : `${job}: failed: ${error}`;
}
