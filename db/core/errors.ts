// The errors that a user can meet, by exit code. Each message says what happened, why, and what to do.

/** Base of all errors that are reported as one clear message, without a stack trace. */
export abstract class TsdbError extends Error {
  abstract readonly exitCode: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Flags, settings, declarations or input files are wrong, and nothing was changed. Exit code 1. */
export class UsageError extends TsdbError {
  readonly exitCode = 1;
}

/** The database could not be reached, or answered with an error. Exit code 1. */
export class DatabaseError extends TsdbError {
  readonly exitCode = 1;
}

/** The request is clear, but it was not carried out: consent is missing, the plan is stale, or data would be lost. Exit code 3. */
export class RefusedError extends TsdbError {
  readonly exitCode = 3;
}

/** The message of anything thrown, for use as the reason inside another message. */
export function messageOf(error: unknown): string {
  // `instanceof Error` is false for Node's own errors inside jest, so the shape of the error is checked.
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown };
  // A refused connection to a name with two addresses is an AggregateError without a message.
  if (Array.isArray(errors) && errors.length > 0) return errors.map(messageOf).join('; ');
  return typeof message === 'string' && message !== '' ? message : String(error);
}
