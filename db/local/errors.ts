// The one error of this folder: a local server could not be found, started or shared.
import { UsageError } from '../core/errors';

/** Says in one line what happened, why, and the way out; may be followed by the server's last log lines. */
export class LocalServerError extends UsageError {}

/** The error code of the operating system or of PostgreSQL, when there is one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
