// Failures of a write that end without a change of its rows, so that trying again later makes sense.
import { isUnreachable, recoveryOf } from '../../db/server/retry';
import { ProblemError } from '../http/problems';
import { type DatabaseFault, databaseFault } from './database-errors';

const PASSING: ReadonlySet<DatabaseFault> = new Set<DatabaseFault>([
  'lost',
  'unavailable',
  'restoring',
  'read-only',
  'full',
  'out-of-memory',
  'timeout',
]);

/** Whether the failure of a write passes by itself. */
export function passes(error: unknown): boolean {
  // in-progress: the session of a writer that died may hold the key until the server notices its end.
  if (error instanceof ProblemError)
    return error.problem === 'in-progress' || error.problem === 'database-timeout';
  const fault = databaseFault(error);
  return (
    (fault !== undefined && PASSING.has(fault)) || recoveryOf(error) !== undefined || isUnreachable(error)
  );
}
