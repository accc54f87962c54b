// Problems as clients of other databases must see them: with a status that makes a client send again what it must not give up.
import { ProblemError } from '../http/problems';

/** A problem with another status or further members; what it says about the next try stays. */
export class RestatedProblem extends ProblemError {
  readonly #given: ProblemError;

  constructor(
    given: ProblemError,
    { status = given.status, members = {} }: Partial<Pick<ProblemError, 'status' | 'members'>>,
  ) {
    const { problem, detail, cause } = given;
    super(problem, detail, { status, cause, members: { ...given.members, ...members } });
    this.#given = given;
  }

  override headers(): Readonly<Record<string, string>> {
    return { ...super.headers(), ...this.#given.headers() };
  }
}

/**
 * Answers 503 to what passes by itself. Clients send such a body again, and drop it after most statuses of class 4. A slow network,
 * or the same write in another request that has not ended, is no reason to drop it.
 * @param passing statuses of problems that pass; those of clients that also drop a body after 429 contain it.
 */
export function asRetryable(problem: ProblemError, passing: readonly number[] = [408, 409]): ProblemError {
  return passing.includes(problem.status) ? new RestatedProblem(problem, { status: 503 }) : problem;
}
