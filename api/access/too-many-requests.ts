// The answer to a client that sends too many requests, with the time until it may send the next one.
import { ProblemError } from '../http/problems';

/** 429 with `Retry-After`. */
export class TooManyRequests extends ProblemError {
  constructor(
    what: string,
    readonly retryAfterSeconds: number,
  ) {
    super('too-many-requests', `${what}, or try again in ${retryAfterSeconds} s`);
  }

  override headers(): Readonly<Record<string, string>> {
    return { 'retry-after': String(this.retryAfterSeconds) };
  }
}
