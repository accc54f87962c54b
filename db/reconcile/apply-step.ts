// Runs one step of a plan with its time limits, records it in the journal, and repeats it after errors that may pass.
import { DatabaseError, messageOf } from '../core/errors';
import type { Db, Step } from '../model';
import { withTransaction } from '../server/connection';
import { type Retry, recoveryOf, withRetry } from '../server/retry';
import { failEntry, finishEntry, startEntry } from './journal';

/** Milliseconds; 0 = no limit. */
export interface StepTimeouts {
  readonly lock: number;
  readonly statement: number;
}

// An ALTER TABLE that waits for a lock blocks everybody who comes after it, so it waits only a short time and tries again. A step
// outside of a transaction takes weak locks, and giving up would make it start from the beginning, so it waits longer.
const SHORT_LOCK_WAIT_MS = 3_000;
const PATIENT_LOCK_WAIT_MS = 30_000;

/** Default time limit of a step that should not take long. */
export const STATEMENT_TIMEOUT_MS = 15 * 60_000;

/** The time limits of a step. A step that was announced as long, and allowed, may take as long as it needs. */
export function timeoutsOf(
  step: Pick<Step, 'transactional' | 'hazards'>,
  statementMs = STATEMENT_TIMEOUT_MS,
): StepTimeouts {
  const isLong = step.hazards.some(({ name }) =>
    ['long-running', 'rewrites-data', 'blocks-writes', 'blocks-reads'].includes(name),
  );
  return {
    lock: step.transactional ? SHORT_LOCK_WAIT_MS : PATIENT_LOCK_WAIT_MS,
    statement: isLong || !step.transactional ? 0 : statementMs,
  };
}

export interface StepRun {
  readonly step: Step;
  /** Id of its journal row. */
  readonly entry: string;
  readonly timeouts: StepTimeouts;
  readonly onRetry?: ((retry: Retry, step: Step) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the step and repeats it after transient errors. The journal records the outcome and the number of retries. */
export async function runStep(db: Db, { step, entry, timeouts, onRetry, signal }: StepRun): Promise<void> {
  let retries = 0;
  await startEntry(db, entry);
  try {
    await withRetry(() => (step.transactional ? inTransaction() : alone()), {
      signal,
      onRetry: (retry) => {
        retries += 1;
        onRetry?.(retry, step);
      },
    });
  } catch (error) {
    // If the session was lost, the outcome of the step is unknown, so its row stays open.
    if (recoveryOf(error) !== 'reconnect') await failEntry(db, entry, retries, messageOf(error));
    throw error;
  }

  async function inTransaction(): Promise<void> {
    await withTransaction(db, async () => {
      await db.query(`SET LOCAL lock_timeout = ${timeouts.lock}`);
      await db.query(`SET LOCAL statement_timeout = ${timeouts.statement}`);
      for (const statement of step.sql) await db.query(statement);
      await finishEntry(db, entry, retries);
    });
  }

  // Each statement runs on its own, because a refresh commits in between and must not run inside a transaction.
  async function alone(): Promise<void> {
    await db.query(`SET lock_timeout = ${timeouts.lock}`);
    await db.query(`SET statement_timeout = ${timeouts.statement}`);
    try {
      for (const statement of step.sql) await db.query(statement);
      await finishEntry(db, entry, retries);
    } finally {
      await db.query('RESET lock_timeout').catch(() => undefined);
      await db.query('RESET statement_timeout').catch(() => undefined);
    }
  }
}

/** The error of a step that has finally failed. It says what to do. */
export function stepFailure(step: Step, error: unknown, timeouts: StepTimeouts): DatabaseError {
  const { code, detail, hint } = (error ?? {}) as { code?: string; detail?: string; hint?: string };
  const extra = [code ? `SQLSTATE ${code}` : '', detail ?? '', hint ?? '']
    .filter((part) => part !== '')
    .join('; ');
  return new DatabaseError(
    `${step.id} failed: ${messageOf(error)}${extra ? ` (${extra})` : ''}\n${wayOut(error, timeouts)}`,
    { cause: error },
  );
}

function wayOut(error: unknown, { statement }: StepTimeouts): string {
  const goOn = 'Earlier steps stay. Remove the cause and apply again; it continues with this step.';
  const { code } = (error ?? {}) as { code?: string };
  if (code === '57014' && /statement timeout/.test(messageOf(error)))
    return `It took longer than ${statement / 1000} s and was rolled back. Apply again when the database is less busy, or allow more time: TSDB_STEP_TIMEOUT_MS (0 = no limit). ${goOn}`;
  if (code === '57014')
    return 'Somebody cancelled it (pg_cancel_backend), and it was rolled back. Apply again; it continues with this step.';
  if (code === '55P03')
    return `Another session holds a lock on it and does not release it: look for old transactions with SELECT pid, xact_start, state, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start. ${goOn}`;
  if (recoveryOf(error) === 'reconnect')
    return 'The session was lost while the step was running, and connecting again did not help. Apply again; it continues from the present state of the database.';
  return goOn;
}
