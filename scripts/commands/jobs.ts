// tsdb jobs run: what a scheduler calls. Engine `postgres` has its due jobs run; TimescaleDB, which runs them by itself, is checked.
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';
import type { JobHealth } from '../../db/engines/health';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { checkJobs, type JobRun, needsPerson, runDueJobs } from '../../db/upkeep/jobs';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';

/**
 * Runs what is due, or checks what runs by itself. Exit code 1 when a job that was run failed; 2 when one of TimescaleDB's
 * fails or is late, or there is none.
 */
export async function runJobs(flags: { readonly json?: boolean }): Promise<number> {
  const { config, desired } = readContext();
  return withConnection(requireConnection(config), async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    return engine !== 'timescaledb'
      ? reportRuns(await runDueJobs(db), flags)
      : reportHealth(await checkJobs(db, desired), flags);
  });
}

function reportRuns(runs: readonly JobRun[], flags: { readonly json?: boolean }): number {
  for (const run of runs) note(describeJobRun(run));
  const failed = runs.filter(({ error }) => error !== undefined).length;
  if (flags.json) printJson(runs);
  else print(`${counted(runs.length, 'job')} run, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function reportHealth(jobs: readonly JobHealth[], flags: { readonly json?: boolean }): number {
  note('TimescaleDB runs its jobs by itself; this is their state');
  if (flags.json) printJson(jobs);
  else print(formatHealth(jobs));
  if (jobs.length === 0)
    note(
      `no declared table has a job: has the schema been applied? "${invocation('plan')}" shows what is missing`,
    );
  return jobs.length === 0 || jobs.some(needsPerson) ? 2 : 0;
}

function formatHealth(jobs: readonly JobHealth[]): string {
  const number = (wanted: JobHealth['state']): number => jobs.filter(({ state }) => state === wanted).length;
  const summary = `${counted(jobs.length, 'job')}, ${number('failing')} failed, ${number('late')} late`;
  const row = ({ id, job, state, lastFinished, nextStart, error }: JobHealth): readonly string[] => [
    String(id),
    job,
    state,
    lastFinished ?? '-',
    nextStart ?? '-',
    error ?? '',
  ];
  const header = ['id', 'job', 'state', 'last finished', 'next start', 'error'];
  return jobs.length === 0 ? summary : `${table(header, jobs.map(row))}\n${summary}`;
}

/** One line for people. */
export function describeJobRun({ job, milliseconds, error }: JobRun): string {
  return error === undefined ? `${job}: done in ${milliseconds} ms` : `${job}: failed: ${error}`;
}
