// Carries out a plan step by step, under the lock and with consent, and checks the result by planning again.
import { randomUUID } from 'node:crypto';
import type { ClientConfig } from 'pg';
import { DatabaseError, messageOf, RefusedError, TsdbError } from '../core/errors';
import { invocation } from '../core/invocation';
import { counted } from '../core/quantities';
import { INTERNALS_STEP } from '../kinds/internals';
import type { Desired } from '../language/desired';
import type { Db, Plan, PlanOptions, Step } from '../model';
import { withConnection, withReconcilerLock, withTransaction } from '../server/connection';
import { announceRetry, isUnreachable, type Retry, recoveryOf } from '../server/retry';
import { rememberSpellings, type SpellingMemory } from '../server/spellings';
import { type Consent, requireConsent } from './apply-consent';
import { runStep, STATEMENT_TIMEOUT_MS, stepFailure, timeoutsOf } from './apply-step';
import { finishEntry, planEntries, takeOver, type Unfinished } from './journal';
import { objectsToQuieten, pauseJobs, restoreJobs } from './pause';
import { inSync, planWithMemory } from './plan';

// So many sessions in a row may be lost without finishing a step.
const SESSIONS = 8;
// The server needs some seconds to release the lock of a lost session.
const LOCK_WAIT_AFTER_LOSS_MS = 15_000;

/** A saved plan is carried out as it was made, so `prune` counts only without one. */
export interface ApplyOptions extends Consent, PlanOptions {
  /** How long to wait for another apply to end, in milliseconds. */
  readonly lockWaitMs: number;
  /** Time limit of a step that should not take long, in milliseconds; 0 means no limit. */
  readonly statementTimeoutMs?: number;
  readonly onStep?: (step: Step, position: number, steps: number) => void;
  /** Called before each pause. Without a step, the session was lost or could not be opened. */
  readonly onRetry?: (retry: Retry, step?: Step) => void;
  /** Called for other events than steps: jobs are paused or restored, or an interrupted run is continued. */
  readonly onNote?: (text: string) => void;
  /** Stops the run between two steps. */
  readonly signal?: AbortSignal;
}

export interface ApplyReport {
  /** The plan that was agreed to. */
  readonly plan: Plan;
  /** Ids of the steps that were run, in order. */
  readonly applied: readonly string[];
  /** Whether an earlier run had left steps of its plan unfinished. */
  readonly resumed: boolean;
  /** The unfinished steps that were running when that run ended. */
  readonly interrupted: readonly string[];
  /** Jobs that were paused for the plan; they are restored. */
  readonly pausedJobs: readonly number[];
  /** Jobs that an earlier run had left paused. */
  readonly restoredJobs: readonly number[];
}

/** What a run keeps from one session to the next. */
interface Run {
  readonly id: string;
  readonly options: ApplyOptions;
  readonly agreed: Set<string>;
  readonly applied: string[];
  readonly pausedJobs: Set<number>;
  readonly restoredJobs: number[];
  unfinished: readonly Unfinished[];
  plan?: Plan;
  /** The step that was running when the session was lost. */
  cutOff?: string;
}

/**
 * Makes the database as declared. A lost session is opened again, and the rest is planned anew.
 * @throws RefusedError when the plan is stale or not confirmed, or has refusals or hazards that are not allowed; DatabaseError when
 * a step fails (earlier steps stay, and a later apply continues from there) or the result is not in sync.
 */
export async function applySchema(
  connection: string | ClientConfig,
  desired: Desired,
  options: ApplyOptions,
): Promise<ApplyReport> {
  const run: Run = {
    id: randomUUID(),
    options,
    agreed: new Set(),
    applied: [],
    pausedJobs: new Set(),
    restoredJobs: [],
    unfinished: [],
  };
  for (let session = 1; ; session += 1) {
    const before = run.applied.length;
    try {
      return await inOneSession(connection, desired, run);
    } catch (error) {
      if (run.applied.length > before) session = 1;
      const unreachable = run.plan !== undefined && isUnreachable(error);
      const recovery = unreachable ? 'reconnect' : recoveryOf(error);
      const isWorthIt = recovery === 'reconnect' || recovery === 'replan';
      if (!isWorthIt || session >= SESSIONS || options.signal?.aborted) throw finalError(error, run);
      const { onRetry, signal } = options;
      await announceRetry(error, recovery, session + 1, {
        attempts: SESSIONS,
        signal,
        onRetry: (retry) => onRetry?.(retry),
      });
    }
  }
}

async function inOneSession(
  connection: string | ClientConfig,
  desired: Desired,
  run: Run,
): Promise<ApplyReport> {
  const { lockWaitMs } = run.options;
  const wait = run.plan === undefined ? lockWaitMs : Math.max(lockWaitMs, LOCK_WAIT_AFTER_LOSS_MS);
  return withConnection(connection, (db) =>
    withReconcilerLock(db, wait, async () => {
      await restoreLeftovers(db, run);
      const { plan, spellings } = await planWithMemory(db, desired, planOptions(run));
      await requireConsent(plan, run.agreed, run.options);
      run.plan ??= plan;
      settleCutOff(plan, run);
      const entries = await openJournal(db, plan, run);
      if (plan.steps.length > 0) {
        await withJobsPaused(db, plan, run, () => runSteps(db, plan, entries, run));
        await remember(db, await requireInSync(db, desired, run), run);
      } else await remember(db, spellings, run);
      return report(run.plan, run);
    }),
  );
}

// If the session was lost during a step, only the new plan shows whether the server finished it.
function settleCutOff(plan: Plan, run: Run): void {
  const { cutOff } = run;
  if (cutOff !== undefined && !plan.steps.some(({ id }) => id === cutOff)) run.applied.push(cutOff);
  delete run.cutOff;
}

// This comes first, even if the plan will be refused. Whoever holds the lock knows that nobody needs these jobs paused any more.
async function restoreLeftovers(db: Db, run: Run): Promise<void> {
  const jobs = await restoreJobs(db);
  const foreign = jobs.filter((job) => !run.pausedJobs.has(job));
  run.restoredJobs.push(...foreign);
  if (foreign.length > 0)
    run.options.onNote?.(`restored jobs that an interrupted apply had left paused: ${foreign.join(', ')}`);
}

// A step of the plan itself creates the journal. It runs here, in one transaction with the journal rows of all steps.
async function openJournal(db: Db, plan: Plan, run: Run): Promise<ReadonlyMap<string, string>> {
  const at = plan.steps.findIndex(({ id }) => id === INTERNALS_STEP);
  const internals = plan.steps[at];
  if (internals !== undefined) run.options.onStep?.(internals, at + 1, plan.steps.length);
  try {
    const entries = await withTransaction(db, async () => {
      for (const statement of internals?.sql ?? []) await db.query(statement);
      noteUnfinished(await takeOver(db, run.id), run);
      const ids = await planEntries(db, run.id, plan.steps);
      if (internals !== undefined) await finishEntry(db, ids[at] as string, 0);
      return new Map(plan.steps.map(({ id }, position) => [id, ids[position] as string]));
    });
    if (internals !== undefined) run.applied.push(internals.id);
    return entries;
  } catch (error) {
    throw internals === undefined ? error : stepFailure(internals, error, timeoutsOf(internals));
  }
}

function noteUnfinished(unfinished: readonly Unfinished[], run: Run): void {
  if (unfinished.length === 0) return;
  run.unfinished = [...run.unfinished, ...unfinished];
  const cut = unfinished.filter(({ interrupted }) => interrupted).map(({ step }) => step);
  run.options.onNote?.(
    `continuing an apply that ended early, with ${counted(unfinished.length, 'step')} left${cut.length > 0 ? `, during ${cut.join(', ')}` : ''}`,
  );
}

async function withJobsPaused(db: Db, plan: Plan, run: Run, work: () => Promise<void>): Promise<void> {
  const jobs = await pauseJobs(db, plan.server.engine, run.id, objectsToQuieten(plan));
  for (const job of jobs) run.pausedJobs.add(job);
  if (jobs.length > 0) run.options.onNote?.(`paused the jobs of the tables that change: ${jobs.join(', ')}`);
  try {
    await work();
  } catch (error) {
    // The first error is the one to report. Jobs that stay paused are restored by the next session or the next apply.
    await restoreJobs(db).catch(() => undefined);
    throw error;
  }
  await restoreJobs(db);
}

async function runSteps(db: Db, plan: Plan, entries: ReadonlyMap<string, string>, run: Run): Promise<void> {
  const { signal, onStep, onRetry, statementTimeoutMs = STATEMENT_TIMEOUT_MS } = run.options;
  for (const [at, step] of plan.steps.entries()) {
    if (step.id === INTERNALS_STEP) continue;
    if (signal?.aborted)
      throw new RefusedError(`interrupted before ${step.id}; apply again to continue from there`);
    onStep?.(step, at + 1, plan.steps.length);
    const timeouts = timeoutsOf(step, statementTimeoutMs);
    try {
      await runStep(db, { step, entry: entries.get(step.id) as string, timeouts, onRetry, signal });
    } catch (error) {
      if (recoveryOf(error) === 'reconnect') run.cutOff = step.id;
      throw stepFailure(step, error, timeouts);
    }
    run.applied.push(step.id);
  }
}

const planOptions = ({ options: { saved, prune } }: Run): PlanOptions => ({
  prune: saved === undefined ? prune === true : saved.prune === true,
});

async function requireInSync(db: Db, desired: Desired, run: Run): Promise<SpellingMemory> {
  const { plan: after, spellings } = await planWithMemory(db, desired, planOptions(run));
  if (inSync(after)) return spellings;
  const left = [
    ...after.steps.map((step) => step.id),
    ...after.refusals.map(({ object, what }) => `${object} ${what}`),
  ];
  throw new DatabaseError(
    `all steps are done, but the database still differs from the declaration: ${left.join(', ')}. Something else may be changing it; run "${invocation('plan')}"`,
  );
}

// The database is as declared by now. Without the memory, the next plan is as right and takes longer.
const remember = (db: Db, spellings: SpellingMemory, { options }: Run): Promise<void> =>
  rememberSpellings(db, spellings).catch((error: unknown) =>
    options.onNote?.(
      `how the server prints the declaration could not be remembered, so the next plan takes longer: ${messageOf(error)}`,
    ),
  );

function report(plan: Plan, { applied, unfinished, pausedJobs, restoredJobs }: Run): ApplyReport {
  return {
    plan,
    applied,
    resumed: unfinished.length > 0,
    interrupted: unfinished.filter(({ interrupted }) => interrupted).map(({ step }) => step),
    pausedJobs: [...pausedJobs].sort((a, b) => a - b),
    restoredJobs,
  };
}

function finalError(error: unknown, run: Run): unknown {
  if (error instanceof TsdbError || recoveryOf(error) !== 'reconnect') return error;
  return new DatabaseError(
    `the session was lost between two steps, and connecting again did not help: ${messageOf(error)}. Done so far: ${counted(run.applied.length, 'step')}. Run the apply again; it continues from there`,
    { cause: error },
  );
}
