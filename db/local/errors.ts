// The error of this folder: a local server could not be found, started or shared.
import { UsageError } from '../core/errors';

/** Its message says in one line what happened, why, and what to do; the last lines of the server's log may follow. */
export class LocalServerError extends UsageError {}

/** The error code of the operating system or of PostgreSQL, if there is one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
