// Turns anything that was thrown into the problem that the client gets.
import type { FastifyError, FastifyRequest } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema';
import { messageOf } from '../db/core/errors';
import { invocation } from '../db/core/invocation';
import { unreachable } from '../db/core/unreachable';
import { MOVED_CONSTRAINT } from '../db/server/read-only';
import { type DatabaseFault, databaseFault } from './database/database-errors';
import { badPeriod } from './http/durations';
import { ProblemError } from './http/problems';
import { SENSOR_ID_RULE } from './sensors/schemas';

/** What the mapping needs to know of a request. */
export type FailedRequest = Pick<FastifyRequest, 'id' | 'query'>;

/** The problem for a failure; causes stay in `cause` for the log and never reach the client. */
export function problemOf(error: unknown, request: FailedRequest): ProblemError {
  if (error instanceof ProblemError) return error;
  const { validation, statusCode, message } = (error ?? {}) as Partial<FastifyError>;
  if (validation) return validationProblem(error as FastifyError, request);
  const fault = databaseFault(error);
  if (fault) return databaseProblem(fault, error);
  if (statusCode === 415)
    return new ProblemError(
      'unknown-media-type',
      'Send JSON, with the header content-type: application/json',
      {
        cause: error,
      },
    );
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ProblemError('invalid-request', message ?? 'The request is malformed', {
      status: statusCode,
      cause: error,
    });
  }
  return new ProblemError('internal', `The server's log has the cause under request ${request.id}`, {
    cause: error,
  });
}

// The refusal of a moved database says where the data is, without user or password.
function movedTo(cause: unknown): string | undefined {
  const { constraint } = (cause ?? {}) as { readonly constraint?: unknown };
  return constraint === MOVED_CONSTRAINT ? messageOf(cause) : undefined;
}

function validationProblem(error: FastifyError, request: FailedRequest): ProblemError {
  const [fault] = error.validation ?? [];
  const cause = { cause: error };
  if (error.validationContext === 'params' && fault?.instancePath === '/id')
    return new ProblemError('bad-sensor-id', SENSOR_ID_RULE, cause);
  if (fault?.instancePath === '/period') return badPeriod((request.query as { period?: unknown }).period);
  if (fault?.keyword === 'additionalProperties') {
    const name = JSON.stringify(String(fault.params.additionalProperty).slice(0, 40));
    const detail =
      error.validationContext === 'body'
        ? `The body has an unknown member ${name}; see /docs for the expected members`
        : `There is no parameter ${name}; see /docs for the expected parameters`;
    return new ProblemError('invalid-request', detail, cause);
  }
  if (fault?.keyword === 'enum' || fault?.keyword === 'const')
    return new ProblemError('invalid-request', oneOfThese(error.validation ?? []), cause);
  const message = error.message.replace(/^(querystring|params)[/ ]/, '');
  return new ProblemError('invalid-request', `${message}; see /docs for the expected parameters`, cause);
}

// A choice among constants fails once per constant; together these failures list the allowed values.
function oneOfThese(faults: readonly FastifySchemaValidationError[]): string {
  const name = faults[0]?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const allowed = faults.flatMap(({ params }) => [params.allowedValue ?? params.allowedValues ?? []].flat());
  return `${name} must be one of ${allowed.join(', ')}`;
}

function databaseProblem(fault: DatabaseFault, cause: unknown): ProblemError {
  switch (fault) {
    case 'lost':
    case 'unavailable':
      return new ProblemError(
        'database-unavailable',
        'The database cannot be reached or has no free connection; try again',
        {
          cause,
        },
      );
    case 'restoring':
      return new ProblemError('database-restoring', messageOf(cause), { cause });
    case 'read-only':
      return new ProblemError(
        'database-read-only',
        movedTo(cause) ??
          'The database takes no writes, because it is a hot standby or default_transaction_read_only is on; nothing was stored, send the request to a server that uses the primary database, or try again after a failover',
        { cause },
      );
    case 'full':
      return new ProblemError(
        'database-full',
        'The disk of the database server is full; nothing was stored, free some space there and send the request again',
        { cause },
      );
    case 'out-of-memory':
      return new ProblemError(
        'database-out-of-memory',
        'The database server lacks memory, room for locks or temporary space for this request; nothing was stored, try again with fewer rows or a shorter period; the log of this server names the limit',
        { cause },
      );
    case 'timeout':
      return new ProblemError(
        'database-timeout',
        'The query was stopped by its time limit; ask for a shorter period',
        {
          cause,
        },
      );
    case 'schema-missing':
      return new ProblemError(
        'schema-missing',
        `A declared table or column is missing; run "${invocation('apply')}"`,
        {
          cause,
        },
      );
    case 'rights-missing':
      return new ProblemError(
        'rights-missing',
        `The database refuses: ${messageOf(cause)}; grant it, or apply the set "access" and use its roles`,
        { cause },
      );
    case 'bad-value':
      return new ProblemError('invalid-request', `The database cannot read a value: ${messageOf(cause)}`, {
        cause,
      });
    case 'overflow':
      return new ProblemError(
        'stored-overflow',
        'A figure over the stored rows cannot be computed: some of them hold numbers that sums and averages cannot carry. Ask for series without them, and correct or delete these rows',
        { cause },
      );
    default:
      return unreachable(fault);
  }
}
