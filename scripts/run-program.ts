// Runs another program to its end and keeps what it writes.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DatabaseError } from '../db/core/errors';
import type { Environment } from '../db/core/settings';
import { guardChild } from '../db/local/guard';
import { withAbortListener } from './abort-listener';

/** How a program is run: its environment, and what stops it. */
export interface ProgramRun {
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

const KILL_AFTER_MS = 5_000;
const LAST_LINES = 12;

/**
 * Runs a program and returns what it wrote. Nothing of it is left running afterwards, even if this process is killed.
 * @param onStart gets the number of the process.
 * @throws DatabaseError with its last words when it fails; the signal's reason when it was stopped.
 */
export async function runProgram(
  [path, ...args]: readonly [string, ...string[]],
  { env, signal }: ProgramRun,
  onStart?: (pid: number | undefined) => void,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  signal?.throwIfAborted();
  const running = promisify(execFile)(path, args, { env: { ...env }, maxBuffer: Number.POSITIVE_INFINITY });
  const { child } = running;
  child.stdin?.end();
  const dismissGuard = guardChild(child.pid);
  onStart?.(child.pid);
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  };
  try {
    const output = await withAbortListener(signal, stop, () => running);
    signal?.throwIfAborted();
    return output;
  } catch (error) {
    signal?.throwIfAborted();
    const { code, signal: by, stderr } = error as Failure;
    // A program that could not be started has the system's own error.
    if (typeof code === 'string') throw error;
    throw new DatabaseError(`${path} failed (${code ?? by}): ${lastLines(stderr)}`);
  } finally {
    clearTimeout(killer);
    dismissGuard();
  }
}

interface Failure {
  readonly code: string | number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const lastLines = (text: string): string =>
  text.trim() === '' ? 'it said nothing' : text.trim().split('\n').slice(-LAST_LINES).join('\n');
