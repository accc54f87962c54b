// Programs that a benchmark starts: the environment they get, how long one ran, what it printed and its peak memory.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DatabaseError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';

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

/**
 * Runs a program; a signal ends it.
 * @throws DatabaseError with its last words when it fails; the signal's reason when it was stopped.
 */
export async function timedProcess(
  [program, ...args]: readonly [string, ...string[]],
  env: Record<string, string | undefined>,
  signal: AbortSignal | undefined,
): Promise<ProcessRun> {
  signal?.throwIfAborted();
  const started = process.hrtime.bigint();
  const child = spawn(program, args, {
    env: env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal, killSignal: 'SIGKILL' as const } : {}),
  });
  const told = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      told[stream] += text;
    });
  let peakBytes: number | null = null;
  const look = setInterval(() => {
    peakBytes = peakOf(child.pid) ?? peakBytes;
  }, LOOK_EVERY_MS);
  try {
    const end = await new Promise<number | string | null>((resolve, reject) => {
      child.once('close', (code, by) => resolve(code ?? by)).once('error', reject);
    });
    const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
    if (end === 0) return { milliseconds, ...told, peakBytes };
  } finally {
    clearInterval(look);
    signal?.throwIfAborted();
  }
  throw new DatabaseError(`${program} failed: ${told.stderr.trim().split('\n').slice(-12).join('\n')}`);
}

// The kernel keeps the peak, so the last reading before the process ends is the peak of its whole run.
function peakOf(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null; // another system, or the process has just ended
  }
}
