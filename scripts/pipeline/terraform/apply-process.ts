// Runs a Terraform command that holds the lock of the state. It goes on to its end whatever happens to this process.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onStopSignal, type StopSignal } from '../../../db/core/stop-signals';
import { note } from '../../output';
import { holdExit, INTERRUPTED, SAME_PRESS_MS } from '../../run-to-exit';
import { type ChildEnd, type ChildRun, notFound } from '../child';

export interface LockingRun extends ChildRun {
  /**
   * `changes` is not interrupted without need: Terraform passes an interrupt on to its providers, which give up waiting for
   * what Azure or Kubernetes is still making, and that is then missing from the state. `looks` stops at the first Ctrl-C.
   */
  readonly does: 'changes' | 'looks';
}

/** In the folder of the stack. A pipe would break with this process, and Terraform ends when it writes to a broken pipe. */
const LOG = 'terraform.log';
const LOOK_EVERY_MS = 100;

/** Shows what the command prints, as `show` does. */
export async function showToItsEnd(
  program: string,
  args: readonly string[],
  { folder, env, signal, does }: LockingRun,
): Promise<ChildEnd> {
  signal.throwIfAborted();
  const log = join(folder, LOG);
  // A command that an earlier process left running keeps writing to its own file.
  rmSync(log, { force: true });
  const [written, read] = [openSync(log, 'a'), openSync(log, 'r')];
  // In a process group of its own, so that a Ctrl-C in the terminal does not reach it.
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...env },
    detached: true,
    stdio: ['ignore', written, written],
  });
  const releaseExit = holdExit();
  const interrupt = (): void => void child.kill('SIGINT');
  const ignoreSignals = onStopSignal(answerSignals({ interrupt, does, log, pid: child.pid }));
  const look = setInterval(() => forward(read), LOOK_EVERY_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    forward(read);
    if (signal.aborted) note('Terraform has ended and has released its lock');
    signal.throwIfAborted();
    return { code, stdout: '' };
  } catch (error) {
    throw notFound(program, error);
  } finally {
    clearInterval(look);
    ignoreSignals();
    releaseExit();
    closeSync(written);
    closeSync(read);
  }
}

function forward(read: number): void {
  const chunk = Buffer.alloc(65_536);
  for (let size = readSync(read, chunk); size > 0; size = readSync(read, chunk))
    process.stderr.write(Buffer.from(chunk.subarray(0, size)));
}

interface Running {
  interrupt(): void;
  readonly does: LockingRun['does'];
  readonly log: string;
  readonly pid: number | undefined;
}

const PLEASE_WAIT = [
  'Terraform is making changes. It finishes them, writes its state and releases its lock, and nothing is begun after that. Please wait.',
  'Ctrl-C again asks it to stop earlier. What is being made at that moment may then be missing from the state;',
  'see "A deployment was interrupted" in docs/troubleshooting.md.',
].join('\n');
const ASKED =
  'Terraform was asked to stop. It writes its state and releases its lock before it ends. Please wait.';

/**
 * A closed terminal changes nothing. Whoever sends SIGTERM, or SIGINT without a terminal, is a service that ends everything
 * by force a few seconds later, so Terraform is asked to stop at once. It is never asked twice: the second time it would end
 * without writing its state.
 */
function answerSignals({ interrupt, does, log, pid }: Running): (signal: StopSignal) => void {
  let presses = does === 'changes' ? 0 : 1;
  let pressedAt = Number.NEGATIVE_INFINITY;
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) return;
    isAsked = true;
    note(ASKED);
    interrupt();
  };
  return (signal) => {
    if (signal === 'SIGHUP') return;
    if (signal === 'SIGTERM' || process.stdin.isTTY !== true) return ask();
    const isRelayed = Date.now() - pressedAt < SAME_PRESS_MS;
    pressedAt = Date.now();
    if (isRelayed) return;
    presses += 1;
    if (presses === 1) return note(PLEASE_WAIT);
    if (presses === 2) return ask();
    note(
      `Terraform goes on in the background as process ${pid}, and writes to ${log}. Do not deploy again before it has ended.`,
    );
    process.exit(INTERRUPTED);
  };
}
