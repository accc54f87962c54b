// Starts and stops a `postgres` process, which is also stopped when this process dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fchownSync, openSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../core/errors';
import { guardChild } from './guard';
import { runAs, SERVER_ENV, type SystemUser } from './system-user';

/** A started server process. */
export interface Postmaster {
  /** Resolves when the process has ended, with a text that says how. */
  readonly exited: Promise<string>;
  /** How the process ended; undefined while it runs. */
  ended(): string | undefined;
  /** Fast shutdown; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** How to start one. */
export interface PostmasterStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly user: SystemUser | undefined;
  readonly logFile: string;
  /** A folder with throw-away data, which is removed if this process dies without stopping the server. */
  readonly removeAfterUs?: string | undefined;
}

const STOP_PATIENCE_MS = 30_000;

/** Starts `postgres` in its own session, so that Ctrl-C only reaches this process, which stops the server when nobody uses it any more. */
export function startPostmaster({
  program,
  args,
  user,
  logFile,
  removeAfterUs,
}: PostmasterStart): Postmaster {
  const log = openLog(logFile, user);
  const child = spawn(program, args, {
    ...runAs(user),
    env: SERVER_ENV,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref(); // this program may end even if the server was not stopped
  let end: string | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be run: ${messageOf(error)}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
  });
  const dismissGuard = guardChild(child.pid, removeAfterUs);
  void exited.then((how) => {
    end = how;
    dismissGuard();
  });
  return { exited, ended: () => end, stop: () => stopChild(child, exited, () => end !== undefined) };
}

async function stopChild(
  child: ChildProcess,
  exited: Promise<string>,
  hasEnded: () => boolean,
): Promise<void> {
  child.ref(); // this program must wait until the server is gone
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (hasEnded()) return;
    child.kill(signal);
    const patience = new AbortController();
    const waited = sleep(STOP_PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'late');
    const first = await Promise.race([exited, waited]);
    patience.abort();
    if (first !== 'late') return;
  }
}

/** Opens the log for appending, so that it still shows why an earlier server crashed. A large log is removed first. */
function openLog(file: string, user: SystemUser | undefined): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 10_000_000) rmSync(file, { force: true });
  // The folder belongs to the user of the server. If this process is root, it must not follow a link from there to another file.
  const log = openSync(
    file,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  );
  if (user !== undefined) fchownSync(log, user.uid, user.gid); // so that this user can start the server without root next time
  return log;
}
