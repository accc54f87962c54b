// Runs steps while planning, so that what is planned after them reads the database as they leave it. The plan is rolled back.
import { DatabaseError, messageOf, RefusedError } from '../core/errors';
import type { Db, Step } from '../model';
import { recoveryOf } from '../server/retry';

// Everybody who comes after a waiting ALTER TABLE waits too, so it gives up soon, and the plan begins again after a pause.
const LOCK_WAIT_MS = 250;

/**
 * Runs the statements of steps in the open transaction, which must be rolled back: until then it holds their locks.
 * @throws RefusedError when the login may not do that; DatabaseError when another session holds a lock, or when a statement fails.
 */
export async function tryOut(db: Db, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) return;
  const { rows } = await db.query<{ before: string }>(
    `SELECT current_setting('lock_timeout') AS before, set_config('lock_timeout', '${LOCK_WAIT_MS}', true)`,
  );
  for (const step of steps) {
    try {
      for (const statement of step.sql) await db.query(statement);
    } catch (error) {
      throw explained(step, error);
    }
  }
  await db.query(`SELECT set_config('lock_timeout', $1, true)`, [rows[0]?.before]);
}

function explained(step: Step, error: unknown): unknown {
  const { code, hint } = (error ?? {}) as { code?: string; hint?: string };
  if (code === '42501')
    return new RefusedError(
      `planning tries ${step.id} and takes it back, because the rest of the plan depends on it, and this login may not do that (${messageOf(error)}); plan as the owner of the tables`,
      { cause: error },
    );
  if (recoveryOf(error) === 'repeat')
    return new DatabaseError(
      `planning tries ${step.id} and takes it back, because the rest of the plan depends on it, and another session holds a lock on ${step.object} (${messageOf(error)}). Nothing was changed: plan again when that session has ended its transaction; SELECT pid, xact_start, state, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start shows it`,
      { cause: error },
    );
  return recoveryOf(error) !== undefined
    ? error
    : new DatabaseError(`${step.id} cannot be carried out: ${messageOf(error)}${hint ? ` (${hint})` : ''}`, {
        cause: error,
      });
}
