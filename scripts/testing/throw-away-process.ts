// For tests: programs that run beside a test. They end with the test, even when it is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that was started. */
export interface ThrowAwayProcess {
  readonly pid: number | undefined;
  hasEnded(): boolean;
  /** Waits for a condition. Fails with the end of the log when the program ends before, or after a minute. */
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  /** Sends a signal, by default SIGKILL, and waits until the program has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ThrowAwayOptions {
  /** The output of the program is added to this file. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

const PATIENCE_MS = 60_000;

// The shell becomes the program. Its child waits on a pipe, and the kernel closes the pipe when the test ends in any way.
const GUARDED = `exec 3<&0 </dev/null
{ read -r _ <&3; kill -KILL $$; } >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** Starts a program. */
export function startThrowAway(
  program: string,
  args: readonly string[],
  { logFile, env = { PATH: process.env.PATH }, user }: ThrowAwayOptions,
): ThrowAwayProcess {
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', program, ...args], {
    cwd: '/',
    env,
    uid: user?.uid,
    gid: user?.gid,
    stdio: ['pipe', log, log],
    // Ctrl-C must reach the test only, which still needs the program until its last user is done.
    detached: true,
  });
  closeSync(log);
  const ended = once(child, 'exit').finally(() => child.stdin?.destroy());
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid,
    hasEnded,
    until: async (what, isSo) => {
      const end = performance.now() + PATIENCE_MS;
      while (!(await isSo())) {
        if (!hasEnded() && performance.now() < end) {
          await sleep(100);
          continue;
        }
        const fault = hasEnded() ? 'ended' : 'took too long';
        const last = readFileSync(logFile, 'utf8').trim().split('\n').slice(-12).join('\n');
        throw new Error(`${basename(program)} ${fault} before ${what}:\n${last}`);
      }
    },
    stop: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await ended;
    },
  };
}
