// Carries out a command and turns its end into an exit code and, when it failed, one message.
import { messageOf, RefusedError, TsdbError } from '../db/core/errors';
import { invocation } from '../db/core/invocation';
import { onStopSignal } from '../db/core/stop-signals';
import { note, paintFor } from './output';

/** How a command is carried out. */
export interface Runner {
  /** Ctrl-C ends the process at once: the server rolls back what was not committed. */
  toEnd(work: () => Promise<number>): Promise<void>;
  /** The first Ctrl-C asks the command to stop cleanly, a later one ends the process. Every stop signal counts as one. */
  untilSignal(work: (signal: AbortSignal) => Promise<number>): Promise<void>;
}

/** Exit code of a command that a person has stopped. */
export const INTERRUPTED = 130;

/** One Ctrl-C reaches this process up to three times within this time: from the terminal, and relayed by npm and by tsx. */
export const SAME_PRESS_MS = 1_000;

let holds = 0;

/** Until the returned function is called, a later Ctrl-C does not end the process: the caller answers signals itself. */
export function holdExit(): () => void {
  holds += 1;
  return () => {
    holds -= 1;
  };
}

const UNDEFINED_OBJECTS: readonly string[] = ['42P01', '3F000', '42883'];

export const runner: Runner = {
  async toEnd(work) {
    try {
      process.exitCode = await work();
    } catch (error) {
      process.exitCode = report(error);
    }
  },
  async untilSignal(work) {
    const interrupt = new AbortController();
    let firstAt = 0;
    const onSignal = (): void => {
      const now = Date.now();
      if (!interrupt.signal.aborted) {
        firstAt = now;
        interrupt.abort();
      } else if (now - firstAt > SAME_PRESS_MS && holds === 0) process.exit(INTERRUPTED);
    };
    const ignoreSignals = onStopSignal(onSignal);
    try {
      process.exitCode = await work(interrupt.signal);
    } catch (error) {
      process.exitCode = interrupt.signal.aborted ? reportInterrupted(error) : report(error);
    } finally {
      ignoreSignals();
    }
  },
};

/** A reader that went away (`| head`, a closed terminal) must not break the work or its clean-up. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}

function reportInterrupted(error: unknown): number {
  note(error instanceof RefusedError ? error.message : 'interrupted');
  return INTERRUPTED;
}

function report(error: unknown): number {
  const paint = paintFor(process.stderr);
  const label = paint.red('error:');
  if (error instanceof TsdbError) {
    note(`${label} ${error.message}`);
    return error.exitCode;
  }
  const reason = databaseReason(error);
  note(`${label} ${reason ?? messageOf(error)}`);
  if (reason === undefined && error instanceof Error && error.stack) note(paint.dim(error.stack));
  return 1;
}

/** What the database or its connection said, or undefined for an error that is our own bug. */
export function databaseReason(error: unknown): string | undefined {
  const { code, severity, detail, hint, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === 'string' && typeof severity === 'string') {
    const extra = [`SQLSTATE ${code}`, detail, hint].filter(
      (part) => typeof part === 'string' && part !== '',
    );
    const wayOut = UNDEFINED_OBJECTS.includes(code)
      ? `; has the schema been applied? "${invocation('plan')}" shows what is missing`
      : '';
    return `the database says: ${messageOf(error)} (${extra.join('; ')})${wayOut}`;
  }
  // pg has no code for these.
  if (typeof message === 'string' && /^Connection terminated|not queryable$/.test(message))
    return `the connection to the database broke: ${message}; is the server still running?`;
  return undefined;
}
