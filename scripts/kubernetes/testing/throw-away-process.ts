// For tests: processes of throw-away servers. None of them outlives the test, however that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running program. */
export interface ThrowAwayProcess {
  /** Waits until something is so; fails with the end of its log when it ends before, or after a minute. */
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  /** Ends it at once: its data is thrown away as well. */
  stop(): Promise<void>;
}

/** Reads from a pipe that the kernel closes however the test ends, and then ends the program. */
const GUARD = `exec 3<&0
"$@" </dev/null 3<&- & program=$!
{ read -r _ <&3; kill -KILL "$program"; } 2>/dev/null & guard=$!
wait "$program"; end=$?
kill "$guard" 2>/dev/null
exit "$end"`;

const PATIENCE_MS = 60_000;

/** Starts a program whose words go to a file. */
export function startThrowAway(
  program: string,
  args: readonly string[],
  { logFile }: { readonly logFile: string },
): ThrowAwayProcess {
  const log = openSync(logFile, 'w');
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', program, ...args], {
    cwd: '/',
    env: { PATH: process.env.PATH },
    stdio: ['pipe', log, log],
    // Ctrl-C is for the test, which ends it when its users are done.
    detached: true,
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    until: async (what, isSo) => {
      const latest = performance.now() + PATIENCE_MS;
      while (!(await isSo())) {
        if (!hasEnded() && performance.now() < latest) {
          await sleep(100);
          continue;
        }
        const last = readFileSync(logFile, 'utf8').trim().split('\n').slice(-12).join('\n');
        throw new Error(
          `${basename(program)} ${hasEnded() ? 'ended' : 'took too long'} before ${what}:\n${last}`,
        );
      }
    },
    stop: async () => {
      child.stdin?.destroy();
      await ended;
    },
  };
}
