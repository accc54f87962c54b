// Every error this API can answer with, in one table, and the error class that routes throw.
import { type Static, Type } from '@fastify/type-provider-typebox';

/** Stable names of the errors: `type` is what clients compare, `title` and `status` never vary with it. */
export const problems = {
  'invalid-request': { status: 400, title: 'The request is malformed' },
  'bad-sensor-id': { status: 400, title: 'The sensor id is malformed' },
  'bad-period': { status: 400, title: 'The period is malformed' },
  'unknown-route': { status: 404, title: 'There is nothing at this address' },
  'unknown-sensor': { status: 404, title: 'The sensor is unknown' },
  'no-reading': { status: 404, title: 'The sensor has no reading any more' },
  'too-many-rows': { status: 422, title: 'The answer would be too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  'database-unavailable': { status: 503, title: 'The database does not answer' },
  'schema-missing': { status: 503, title: 'The database lacks the declared schema' },
  'not-ready': { status: 503, title: 'This server is not ready' },
  'database-timeout': { status: 504, title: 'The database took too long' },
} as const;

/** A key of the table of problems. */
export type ProblemName = keyof typeof problems;

/** What stands in front of a problem's name in `type`. */
export const PROBLEM_TYPE_PREFIX = 'urn:tsdb:problem:';

/** The media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** An RFC 9457 problem document. */
export const ProblemDocument = Type.Object({
  type: Type.String({ description: 'Stable name of the kind of error, a URN' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: 'What is wrong with this request, and the way out' }),
  instance: Type.String({ description: 'The address that was asked for' }),
});

/** The response schemas that every route shares. */
export const problemResponses = { '4xx': ProblemDocument, '5xx': ProblemDocument } as const;

/** An answer that is a problem. `status` is only given where HTTP has a finer one than the table. */
export class ProblemError extends Error {
  readonly status: number;

  constructor(
    readonly problem: ProblemName,
    readonly detail: string,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(detail, options);
    this.name = 'ProblemError';
    this.status = options.status ?? problems[problem].status;
  }

  /** The document for a request to `instance`. */
  toDocument(instance: string): Static<typeof ProblemDocument> {
    return {
      type: `${PROBLEM_TYPE_PREFIX}${this.problem}`,
      title: problems[this.problem].title,
      status: this.status,
      detail: this.detail,
      instance,
    };
  }

  /** Headers beside the document: a client of an overloaded or restarting server is told when to come back. */
  headers(): Readonly<Record<string, string>> {
    return this.status === 503 ? { 'retry-after': '5' } : {};
  }
}
