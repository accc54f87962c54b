// For tests: programs that run beside the test. None of them outlives it, however it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that was started. */
export interface ThrowAwayProcess {
  readonly pid: number | undefined;
  hasEnded(): boolean;
  /** Waits until something is so. Fails with the end of its log when the program ends before, or after a minute. */
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  /** Sends a signal and waits for the end. Without one it ends at once, as its data is thrown away as well. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ThrowAwayOptions {
  /** What the program prints is added to this file. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

const PATIENCE_MS = 60_000;

// The shell becomes the program. Its child reads from a pipe, which the kernel closes however the test ends.
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
    // Ctrl-C is for the test, which ends the program when its users are done.
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
