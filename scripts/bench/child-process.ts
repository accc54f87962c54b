// Programs that a benchmark starts: the environment they get, how long one ran, what it printed and its peak memory.
import { readFileSync } from 'node:fs';
import type { Environment } from '../../db/core/settings';
import { type ProgramRun, runProgram } from '../run-program';

/** A program that ran to its end. */
export interface ProcessRun {
  readonly milliseconds: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Peak resident memory; null where the system does not report it (it is read from /proc). */
  readonly peakBytes: number | null;
}

/** Variables of the caller that could change the result or name another database. */
const OURS = /^(PG.*|TSDB_.*|DATABASE_URL|HOST|PORT|LOG_LEVEL)$/;
const LOOK_EVERY_MS = 20;

/** An environment without the caller's settings, but with those in `own`. */
export const childEnvironment = (
  env: Environment,
  own: Readonly<Record<string, string>>,
): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name))),
  ...own,
});

/** A command of this checkout, such as a script of package.json, without a shell and by the Node.js that runs here. */
export function nodeCommand(command: string): readonly [string, ...string[]] {
  const [program = '', ...args] = command.split(' ');
  return [program === 'node' ? process.execPath : program, ...args];
}

/**
 * Runs a program; a signal ends it.
 * @throws DatabaseError with its last words when it fails; the signal's reason when it was stopped.
 */
export async function timedProcess(
  command: readonly [string, ...string[]],
  run: ProgramRun,
): Promise<ProcessRun> {
  const started = performance.now();
  let peakBytes: number | null = null;
  let look: NodeJS.Timeout | undefined;
  const onStart = (pid: number | undefined): void => {
    look = setInterval(() => {
      peakBytes = peakOf(pid) ?? peakBytes;
    }, LOOK_EVERY_MS);
  };
  try {
    const { stdout, stderr } = await runProgram(command, run, onStart);
    return { milliseconds: performance.now() - started, stdout, stderr, peakBytes };
  } finally {
    clearInterval(look);
  }
}

// The kernel keeps the peak, so the last reading before the process ends is the peak of its whole run.
const peakOf = (pid: number | undefined): number | null => memoryOf(pid, 'VmHWM');

/** Resident memory of a process now; null where the system does not report it. */
export const residentBytes = (pid: number | undefined): number | null => memoryOf(pid, 'VmRSS');

function memoryOf(pid: number | undefined, measure: 'VmHWM' | 'VmRSS'): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = new RegExp(`^${measure}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null; // another system, or the process has just ended
  }
}
