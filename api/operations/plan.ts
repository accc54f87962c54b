// Plans on a connection of its own, because planning creates temporary objects and the pool that reads may not.
import { DatabaseError, messageOf, TsdbError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import type { Plan } from '../../db/model';
import { makePlan } from '../../db/reconcile/plan';
import { withConnection } from '../../db/server/connection';
import { RestoringError } from '../../db/server/restoring';
import { recoveryOf, withRetry } from '../../db/server/retry';
import { ProblemError } from '../http/problems';
import type { ServedConfig } from '../parts';

// Planning takes well under a second, unless another session has locked a table.
const LIMITS = ['2s', '30s'] as const;
const ATTEMPTS = 2;

const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Plans how to bring the database to the declaration; changes nothing.
 * @throws ProblemError (database-unavailable, database-timeout, not-ready) that says why there is no plan.
 */
export async function planNow({
  database,
  desired,
}: Pick<ServedConfig, 'database' | 'desired'>): Promise<Plan> {
  try {
    return await withConnection(database, async (db) => {
      await db.query(
        `SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false)`,
        [...LIMITS],
      );
      return withRetry(() => makePlan(db, desired), { attempts: ATTEMPTS });
    });
  } catch (error) {
    throw planProblem(error);
  }
}

/** The problem that a failure of planning is reported as; errors that are not about planning are returned unchanged. */
export function planProblem(error: unknown): unknown {
  const cause = { cause: error };
  if (error instanceof DatabaseError) return new ProblemError('database-unavailable', error.message, cause);
  if (error instanceof RestoringError) return error;
  // The server or the declaration cannot be compared.
  if (error instanceof TsdbError) return new ProblemError('not-ready', error.message, cause);
  switch ((error as { code?: unknown } | null)?.code) {
    case LOCK_NOT_AVAILABLE:
      return new ProblemError(
        'database-timeout',
        'A table is locked by another session, for example by a running "tsdb apply"; try again later',
        cause,
      );
    case INSUFFICIENT_PRIVILEGE:
      return new ProblemError(
        'not-ready',
        `The login of this server may not compare the schema (${messageOf(error)}); run "${invocation('plan')}" as the owner of the tables`,
        cause,
      );
  }
  const recovery = recoveryOf(error);
  return recovery === 'repeat' || recovery === 'replan'
    ? new ProblemError(
        'database-unavailable',
        `The schema is being changed (${messageOf(error)}); try again`,
        cause,
      )
    : error;
}
