// Errors as clients of InfluxDB and QuestDB read them: problem documents with the members that these clients look at.
import { problemOf } from '../../failures';
import type { ApiApp } from '../../http/instance';
import { ProblemDocument, ProblemError } from '../../http/problems';
import type { PointsWritten } from '../point-door';
import { asRetryable, RestatedProblem } from '../retryable';

/** The problem for points that were refused. */
export function partialWrite(
  { accepted, rejected, errors, outcome }: PointsWritten,
  version: 1 | 2,
): ProblemError {
  const [first] = errors;
  const why = first ? `line ${first.line}: ${first.reason}` : '';
  const detail = `partial write: ${why}; ${rejected} of ${accepted + rejected} points were refused. ${outcome}. dropped=${rejected}`;
  // InfluxDB 2 tells these two apart; InfluxDB 1 answers 400 to both.
  const status = version === 2 && accepted > 0 ? 422 : 400;
  return new ProblemError('rows-rejected', detail, { status, members: { errors, line: first?.line } });
}

const asJson = (description: string) => ({
  description,
  content: { 'application/json': { schema: ProblemDocument } },
});

/** The response schemas of problems: these clients read the members only in answers of this media type. */
export const influxProblems = {
  '4xx': asJson(
    'The request cannot be answered; `detail`, which is also `message`, says how to solve the problem',
  ),
  '5xx': asJson('The server or its database failed; send the request again'),
} as const;

/** Adds the members of InfluxDB to every problem of the plugin, and its headers. */
export function explainAsInflux(api: ApiApp, version: 1 | 2): void {
  api.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode >= 400) void reply.type('application/json; charset=utf-8');
  });
  api.setErrorHandler((error, request, reply) => {
    // Clients of InfluxDB 1 and QuestDB give points up after 429, too.
    const problem = asRetryable(problemOf(error, request), version === 1 ? [408, 409, 429] : undefined);
    const { detail, status } = problem;
    const code = CODES[status] ?? (status >= 500 ? 'unavailable' : 'invalid');
    if (version === 2) void reply.header('x-platform-error-code', code);
    else void reply.header('x-influxdb-error', headerText(detail));
    const members = { code, message: detail, ...(version === 1 ? { error: detail } : {}) };
    throw new RestatedProblem(problem, { members });
  });
}

const CODES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  413: 'request too large',
  422: 'unprocessable entity',
  429: 'too many requests',
  500: 'internal error',
};

/** A text that a header may contain. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1_000);
