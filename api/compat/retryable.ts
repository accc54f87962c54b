// Problems that pass by themselves, as clients of Prometheus and OpenTelemetry must see them.
import { ProblemError } from '../http/problems';

/**
 * These clients send a body again after 429 and 503, and drop it after any other 4xx. A slow network, or the same body in another
 * request that has not ended, is no reason to drop it.
 */
export function asRetryable(problem: ProblemError): ProblemError {
  const { detail, members, cause } = problem;
  if (problem.status !== 408 && problem.problem !== 'in-progress') return problem;
  return new ProblemError(problem.problem, detail, { status: 503, members, cause });
}
