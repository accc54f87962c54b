// Every error this API can answer with, in one table, and the error class that routes throw.
import { type Static, Type } from '@fastify/type-provider-typebox';

/** The errors by their stable names. Clients compare `type`; each type always has the same `title` and `status`. */
export const problems = {
  'invalid-request': { status: 400, title: 'The request is malformed' },
  'bad-sensor-id': { status: 400, title: 'The sensor id is malformed' },
  'bad-period': { status: 400, title: 'The period is malformed' },
  'bad-time': { status: 400, title: 'The time is malformed' },
  'bad-range': { status: 400, title: 'The range is not valid' },
  'bad-cursor': { status: 400, title: 'The cursor is not valid here' },
  'bad-field': { status: 400, title: 'The field is not valid' },
  'bad-filter': { status: 400, title: 'The filter is malformed' },
  'bad-zone': { status: 400, title: 'The time zone is unknown' },
  'bad-bucket': { status: 400, title: 'The bucket is malformed' },
  'bad-body': { status: 400, title: 'The body is malformed' },
  'key-missing': { status: 401, title: 'A key is needed' },
  'key-refused': { status: 401, title: 'The key is not valid' },
  'foreign-origin': { status: 403, title: 'Pages of other origins may not use this server' },
  'role-missing': { status: 403, title: 'The key may not do this' },
  'unknown-route': { status: 404, title: 'There is nothing at this address' },
  'unknown-sensor': { status: 404, title: 'The sensor is unknown' },
  'unknown-table': { status: 404, title: 'The table is unknown' },
  'unknown-object': { status: 404, title: 'There is nothing with this name' },
  'no-reading': { status: 404, title: 'The sensor no longer has a reading' },
  'wrong-method': { status: 405, title: 'The method is not allowed at this address' },
  'not-acceptable': { status: 406, title: 'No acceptable format' },
  'deletion-refused': { status: 409, title: 'The rows cannot be deleted without losing others' },
  'in-progress': { status: 409, title: 'The same write is still in progress' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unknown-media-type': { status: 415, title: 'The type of the body is not supported' },
  'too-many-rows': { status: 422, title: 'The answer would be too large' },
  'key-reused': { status: 422, title: 'The idempotency key was used for another body' },
  'rows-rejected': { status: 422, title: 'Rows were refused' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'stored-overflow': { status: 500, title: 'Stored numbers are too large or too small to be computed' },
  internal: { status: 500, title: 'The server failed unexpectedly' },
  'database-unavailable': { status: 503, title: 'The database does not answer' },
  'database-restoring': { status: 503, title: 'The database is being restored' },
  'database-read-only': { status: 503, title: 'The database takes no writes' },
  'database-full': { status: 503, title: 'The disk of the database is full' },
  'database-out-of-memory': { status: 503, title: 'The database lacks memory' },
  'schema-missing': { status: 503, title: 'The database lacks the declared schema' },
  'rights-missing': { status: 503, title: 'The database login of this server lacks a right' },
  'not-ready': { status: 503, title: 'This server is not ready' },
  'database-timeout': { status: 504, title: 'The database took too long' },
} as const;

/** A key of the table of problems. */
export type ProblemName = keyof typeof problems;

/** `type` is this prefix and the name of the problem. */
export const PROBLEM_TYPE_PREFIX = 'urn:tsdb:problem:';

/** The media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** An RFC 9457 problem document. */
export const ProblemDocument = Type.Object(
  {
    type: Type.String({ description: 'Stable name of the kind of error, a URN' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong with this request, and how to solve it' }),
    instance: Type.String({ description: 'The address that was asked for' }),
  },
  { additionalProperties: true },
);

const problemContent = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ProblemDocument } },
});

/** The response schemas that every route shares. */
export const problemResponses = {
  '4xx': problemContent('The request cannot be answered; `detail` says how to solve the problem'),
  '5xx': problemContent('The server or its database failed'),
} as const;

/** How a problem differs from its entry in the table. */
export interface ProblemOptions extends ErrorOptions {
  /** A more specific HTTP status than that of the table. */
  readonly status?: number;
  /** Further members of the document, e.g. the rows that were rejected. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is a problem. */
export class ProblemError extends Error {
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  private readonly ownHeaders: Readonly<Record<string, string>>;

  constructor(
    readonly problem: ProblemName,
    readonly detail: string,
    options: ProblemOptions = {},
  ) {
    super(detail, options);
    this.name = 'ProblemError';
    this.status = options.status ?? problems[problem].status;
    this.members = options.members ?? {};
    this.ownHeaders = options.headers ?? {};
  }

  /** The document for a request to `instance`. */
  toDocument(instance: string): Static<typeof ProblemDocument> {
    return {
      type: `${PROBLEM_TYPE_PREFIX}${this.problem}`,
      title: problems[this.problem].title,
      status: this.status,
      detail: this.detail,
      instance,
      ...this.members,
    };
  }

  /** Headers of the answer: when to try again, or how to authenticate. */
  headers(): Readonly<Record<string, string>> {
    if (this.status === 503) return { 'retry-after': '5' };
    if (this.status === 429) return { 'retry-after': '1' };
    return this.status === 401 ? { 'www-authenticate': 'Bearer' } : this.ownHeaders;
  }
}
