// Carries out a plan: under the lock, with consent, step by step, and proves the result by planning again.
import { randomUUID } from 'node:crypto';
import type { ClientConfig } from 'pg';
import { withConnection, withReconcilerLock, withTransaction } from './connection';
import { DatabaseError, messageOf, RefusedError } from './errors';
import type { Db, Desired, HazardName, Plan, Step } from './model';
import { inSync, makePlan } from './plan';
import { withRetry } from './retry';

// A queued ALTER TABLE blocks everybody behind it, so waiting for a lock is short and repeated rather than long.
const LOCK_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 15 * 60_000;

export interface ApplyOptions {
  /** Hazards that are accepted. */
  readonly allow: readonly HazardName[];
  /** How long to wait for another apply to end. */
  readonly lockWaitMs: number;
  /** A plan saved earlier; applying refuses when planning now gives another one. */
  readonly saved?: Plan;
  /** Asked once, with a plan that has steps and is not refused. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  readonly onStep?: (step: Step, position: number, steps: number) => void;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

export interface ApplyReport {
  readonly plan: Plan;
  /** Ids of the steps that were run, in order. */
  readonly applied: readonly string[];
}

/**
 * Brings the database to the declaration.
 * @throws RefusedError when the plan is stale, holds refusals or hazards that are not allowed, or is not confirmed;
 * DatabaseError when a step fails (earlier steps stay, a later apply goes on from there) or the result is not in sync.
 */
export async function applySchema(
  connection: string | ClientConfig,
  desired: Desired,
  options: ApplyOptions,
): Promise<ApplyReport> {
  return withConnection(connection, (db) =>
    withReconcilerLock(db, options.lockWaitMs, async () => {
      const plan = await makePlan(db, desired);
      requireFresh(plan, options.saved);
      requireConsent(plan, options.allow);
      if (plan.steps.length === 0) return { plan, applied: [] };
      if (options.confirm && !(await options.confirm(plan)))
        throw new RefusedError('not applied: not confirmed');
      await runSteps(db, plan, options);
      await requireInSync(db, desired);
      return { plan, applied: plan.steps.map((step) => step.id) };
    }),
  );
}

function requireFresh(plan: Plan, saved: Plan | undefined): void {
  if (saved === undefined || saved.fingerprint === plan.fingerprint) return;
  throw new RefusedError(
    `the saved plan is stale: it was made for another state of ${saved.server.database} (${saved.fingerprint.slice(0, 12)}, now ${plan.fingerprint.slice(0, 12)}); run "tsdb plan --out FILE" again and read it`,
  );
}

function requireConsent(plan: Plan, allow: readonly HazardName[]): void {
  if (plan.refusals.length > 0) {
    throw new RefusedError(
      `nothing was changed: ${plan.refusals.length} difference${plan.refusals.length === 1 ? '' : 's'} cannot be repaired safely\n${plan.refusals
        .map(({ object, what, why, wayOut }) => `  ${object} ${what}: ${why}. Way out: ${wayOut}`)
        .join('\n')}`,
    );
  }
  const open = plan.steps.flatMap((step) =>
    step.hazards.filter(({ name }) => !allow.includes(name)).map((hazard) => ({ step, hazard })),
  );
  if (open.length === 0) return;
  const names = [...new Set(open.map(({ hazard }) => hazard.name))];
  throw new RefusedError(
    `nothing was changed: consent is missing\n${open.map(({ step, hazard }) => `  ${step.id}: ${hazard.name}: ${hazard.reason}`).join('\n')}\nIf that is wanted, add --allow ${names.join(',')}`,
  );
}

async function runSteps(db: Db, plan: Plan, options: ApplyOptions): Promise<void> {
  const run = randomUUID();
  for (const [at, step] of plan.steps.entries()) {
    if (options.signal?.aborted)
      throw new RefusedError(`interrupted before ${step.id}; apply again to go on from there`);
    options.onStep?.(step, at + 1, plan.steps.length);
    try {
      await withRetry(() => (step.transactional ? runInTransaction(db, run, step) : runAlone(db, run, step)));
    } catch (error) {
      throw stepFailure(step, error);
    }
  }
}

async function runInTransaction(db: Db, run: string, step: Step): Promise<void> {
  await withTransaction(db, async () => {
    await db.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await db.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    for (const statement of step.sql) await db.query(statement);
    await db.query(
      'INSERT INTO tsdb.journal (run, step, statements, finished_at) VALUES ($1, $2, $3, clock_timestamp())',
      [run, step.id, step.sql],
    );
  });
}

// Each statement on its own: a refresh commits in between and must not be inside a transaction. No statement timeout: it
// may rightly take hours, and what it has done so far stays.
async function runAlone(db: Db, run: string, step: Step): Promise<void> {
  const { rows } = await db.query<{ id: string }>(
    'INSERT INTO tsdb.journal (run, step, statements) VALUES ($1, $2, $3) RETURNING id',
    [run, step.id, step.sql],
  );
  const entry = rows[0]?.id;
  try {
    for (const statement of step.sql) await db.query(statement);
    await db.query('UPDATE tsdb.journal SET finished_at = clock_timestamp() WHERE id = $1', [entry]);
  } catch (error) {
    await db
      .query('UPDATE tsdb.journal SET error = $2 WHERE id = $1', [entry, messageOf(error)])
      .catch(() => undefined);
    throw error;
  }
}

function stepFailure(step: Step, error: unknown): DatabaseError {
  const { code, detail, hint } = (error ?? {}) as { code?: string; detail?: string; hint?: string };
  const extra = [code ? `SQLSTATE ${code}` : '', detail ?? '', hint ?? '']
    .filter((part) => part !== '')
    .join('; ');
  return new DatabaseError(
    `${step.id} failed: ${messageOf(error)}${extra ? ` (${extra})` : ''}\nEarlier steps stay; when the cause is mended, apply again goes on from here.`,
    { cause: error },
  );
}

async function requireInSync(db: Db, desired: Desired): Promise<void> {
  const after = await makePlan(db, desired);
  if (inSync(after)) return;
  const left = [
    ...after.steps.map((step) => step.id),
    ...after.refusals.map(({ object, what }) => `${object} ${what}`),
  ];
  throw new DatabaseError(
    `every step was run, and the database still differs from the declaration: ${left.join(', ')}. Something else may be changing it; run "tsdb plan"`,
  );
}
