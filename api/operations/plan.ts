// Plans on a connection of its own: planning makes temporary objects, which the pool that reads cannot.
import { DatabaseError, messageOf, TsdbError } from '../../db/core/errors';
import type { Plan } from '../../db/model';
import { makePlan } from '../../db/reconcile/plan';
import { withConnection } from '../../db/server/connection';
import { recoveryOf, withRetry } from '../../db/server/retry';
import { ProblemError } from '../http/problems';
import type { ServedConfig } from '../parts';

// Planning takes well under a second, unless somebody else holds a table for themselves.
const LIMITS = ['2s', '30s'] as const;
const ATTEMPTS = 2;

const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';
const READ_ONLY = '25006';

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

/** The problem that a failure of planning is; what is not one of planning alone is given back as it is. */
export function planProblem(error: unknown): unknown {
  const cause = { cause: error };
  if (error instanceof DatabaseError) return new ProblemError('database-unavailable', error.message, cause);
  // The server or the declaration cannot be compared.
  if (error instanceof TsdbError) return new ProblemError('not-ready', error.message, cause);
  switch ((error as { code?: unknown } | null)?.code) {
    case LOCK_NOT_AVAILABLE:
      return new ProblemError(
        'database-timeout',
        'A table is locked by someone else, for example by an apply that is under way; ask again later',
        cause,
      );
    case INSUFFICIENT_PRIVILEGE:
      return new ProblemError(
        'not-ready',
        `The login of this server may not compare the schema (${messageOf(error)}); run "tsdb plan" as the owner of the tables`,
        cause,
      );
    case READ_ONLY:
      return new ProblemError(
        'not-ready',
        `Comparing needs temporary objects, and this database takes none (${messageOf(error)}); run "tsdb plan" on the primary server`,
        cause,
      );
  }
  const recovery = recoveryOf(error);
  return recovery === 'repeat' || recovery === 'replan'
    ? new ProblemError(
        'database-unavailable',
        `The schema is being changed at this moment (${messageOf(error)}); ask again`,
        cause,
      )
    : error;
}
