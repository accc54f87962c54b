// The one error of this folder: a local server could not be found, started or shared.

/** Says in one line what happened, why, and the way out; may be followed by the server's last log lines. */
export class LocalServerError extends Error {
  override readonly name = 'LocalServerError';
}

/** The text of anything that was thrown, for use as the reason inside another message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    // node reports a refused connection to a name with two addresses as an AggregateError without a message
    return error.errors.map(reasonOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** The error code of the operating system or of PostgreSQL, when there is one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
