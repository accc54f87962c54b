// The processes of an API measurement: started from their sources, used when all have reported that they are ready, then stopped.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError, UsageError } from '../../../db/core/errors';
import type { Environment } from '../../../db/core/settings';
import { childEnvironment } from '../child-process';

export type ProgramName =
  | 'api-process'
  | 'bare-handler'
  | 'api-load'
  | '../ingest/bare-consumer'
  | '../load/load-server'
  | '../load/load-answers'
  | '../load/load-probes'
  | '../streams/bare-consumer'
  | '../streams/consumer-process';

const fileOf = (name: ProgramName): string => join(__dirname, `${name}.ts`);

/** The programs are sources of this repository, and the load generator is a development dependency; an image has neither. */
export const canMeasureApi = (): boolean => existsSync(fileOf('api-process'));

/** Starts the programs and gives them to `work` when all are ready. None of them is left running, whatever happens. */
export async function withProcesses<T>(
  programs: readonly { readonly name: ProgramName; readonly args?: readonly string[] }[],
  settings: { readonly env: Environment; readonly own: Readonly<Record<string, string>> },
  work: (children: readonly ChildProcess[]) => Promise<T>,
): Promise<T> {
  if (!canMeasureApi())
    throw new UsageError('the API is measured from a checkout with development dependencies only');
  const env = childEnvironment(settings.env, settings.own) as NodeJS.ProcessEnv;
  const children = programs.map(({ name, args = [] }) =>
    fork(fileOf(name), [...args], { env, execArgv: ['--import', 'tsx'] }),
  );
  try {
    await Promise.all(children.map(nextMessage));
    return await work(children);
  } finally {
    await Promise.all(children.map(end));
  }
}

/**
 * Waits for the next message of a process.
 * @throws DatabaseError when the process ends instead.
 */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((done, fail) => {
    const onExit = (code: number | null): void =>
      fail(new DatabaseError(`a process of the API measurement ended with ${code}`));
    child.once('exit', onExit).once('error', fail);
    child.once('message', (message) => {
      child.off('exit', onExit).off('error', fail);
      done(message as T);
    });
  });
}

/** The processes end before the database is dropped, because a server that loses its database logs errors. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  if (child.connected) child.disconnect();
  else child.kill();
  await gone;
}
