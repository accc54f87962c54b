// Runs another program of a stage: its progress goes to standard error, its data to the caller.
import { spawn } from 'node:child_process';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';

/** How a program is run. */
export interface ChildRun {
  readonly folder: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** How it ended. */
export interface ChildEnd {
  readonly code: number | null;
  /** All of its standard output when it was captured, else empty. */
  readonly stdout: string;
}

/** Runs a program whose standard output is progress. */
export const show = (program: string, args: readonly string[], run: ChildRun): Promise<ChildEnd> =>
  start(program, args, run, (text) => process.stderr.write(text));

/** Runs a program whose standard output is data. */
export async function capture(program: string, args: readonly string[], run: ChildRun): Promise<ChildEnd> {
  let stdout = '';
  const end = await start(program, args, run, (text) => {
    stdout += text;
  });
  return { ...end, stdout };
}

/**
 * Waits for a program that must succeed, and gives what it said.
 * @param what the program and its task, for the message
 * @throws UsageError when it fails, which has printed the reason.
 */
export async function succeed(what: string, end: Promise<ChildEnd>): Promise<string> {
  const { code, stdout } = await end;
  if (code !== 0) throw new UsageError(`${what} failed (${code}); what it says is above`);
  return stdout;
}

/**
 * The program runs in a process group of its own, so that a Ctrl-C in the terminal reaches it only through `signal`. Terraform
 * would take a second Ctrl-C as an order to end at once and leave the state locked.
 */
async function start(
  program: string,
  args: readonly string[],
  { folder, env, signal }: ChildRun,
  onOutput: (text: string) => void,
): Promise<ChildEnd> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8').on('data', onOutput);
  child.stderr.setEncoding('utf8').on('data', (text: string) => process.stderr.write(text));
  const stop = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    signal.throwIfAborted();
    return { code, stdout: '' };
  } catch (error) {
    throw notFound(program, error);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The error for people when a program could not be started because it is not there; any other error as it is. */
export function notFound(program: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new UsageError(`${program} was not found; install it, or put its folder on the PATH`, {
    cause: error,
  });
}
