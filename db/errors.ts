// The errors a user can meet, one class per exit code, each with a message that says what, why and the way out.

/** Base of all errors that are reported as one clear message, without a stack trace. */
export abstract class TsdbError extends Error {
  abstract readonly exitCode: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Wrong flags, settings, declarations or input files: nothing was touched. Exit code 1. */
export class UsageError extends TsdbError {
  readonly exitCode = 1;
}

/** The database could not be reached, or answered with an error. Exit code 1. */
export class DatabaseError extends TsdbError {
  readonly exitCode = 1;
}

/** The work is understood and was not done: consent is missing, the plan is stale, or data would be lost. Exit code 3. */
export class RefusedError extends TsdbError {
  readonly exitCode = 3;
}

/** The message of anything thrown; never undefined, never "[object Object]". */
export function messageOf(error: unknown): string {
  // pg reports a refused connection as an AggregateError with an empty message and one error per address.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
