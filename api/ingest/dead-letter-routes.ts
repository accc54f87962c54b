// Dead letters over HTTP: rejected rows are listed, replayed and discarded.
import { Type } from '@fastify/type-provider-typebox';
import { invocation } from '../../db/core/invocation';
import type { Stream } from '../../db/language/stream';
import type { Database } from '../database/database';
import { query } from '../database/query';
import { onWriteConnection } from '../database/write-connection';
import { Next, NoQuery, nullable } from '../http/common-schemas';
import { nextLink } from '../http/formats';
import { type ApiApp, clientOf } from '../http/instance';
import { questionOf } from '../http/pages';
import { ProblemError, problemResponses } from '../http/problems';
import type { Gate } from './gate';
import type { Routing } from './points/routing';
import { MOST_REPLAYED, replayLetters } from './replay';
import type { IngestTable } from './rows';
import {
  type DeadLetter,
  deadLetterQuery,
  deleteLetters,
  readLetterPosition,
  writeLetterPosition,
} from './store/dead-letters';
import type { Destination } from './store/write-batches';

const DEFAULT_LIMIT = 100;
const MOST_LISTED = 1_000;

const ListQuery = Type.Object(
  {
    table: Type.Optional(
      Type.String({ maxLength: 130, description: 'Only rows that were sent to this table' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_LISTED,
        default: DEFAULT_LIMIT,
        description: 'Letters of a page',
      }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 1_000, description: '`next` of the page before' })),
  },
  { additionalProperties: false },
);

const DeadLetterSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  received_at: Type.String({ format: 'date-time' }),
  table: Type.String(),
  format: Type.String({
    description:
      'Format of the original; `message` = a message of a broker as JSON; `damaged` = it is not exactly as it was sent',
  }),
  line: Type.Integer(),
  reason: Type.String(),
  original: Type.String(),
  request_id: Type.String({
    description:
      'Header `x-request-id` of the last answer to the write; of a message the consumer that refused it',
  }),
  times: Type.Integer({ description: 'How often the row was sent' }),
  last_received_at: nullable('string', 'When it was sent last; null = only once', { format: 'date-time' }),
});

const DeadLetterPage = Type.Object({
  count: Type.Integer({ description: 'Number of letters in data' }),
  next: Next,
  data: Type.Array(DeadLetterSchema, { description: 'Newest first' }),
});

const ReplayBody = Type.Union([
  Type.Object(
    { ids: Type.Array(Type.String({ format: 'uuid' }), { minItems: 1, maxItems: MOST_REPLAYED }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      table: Type.String({ maxLength: 130, description: `The oldest ${MOST_REPLAYED} letters of the table` }),
    },
    { additionalProperties: false },
  ),
]);

const ReplayAnswer = Type.Object({
  replayed: Type.Integer({ description: 'Rows that were stored' }),
  failed: Type.Integer({ description: 'Rows that remain dead letters' }),
  errors: Type.Array(
    Type.Object({
      id: Type.String({ format: 'uuid' }),
      table: nullable('string', 'Null for a letter that does not exist'),
      reason: Type.String(),
    }),
  ),
});

/** What the routes work with. */
export interface DeadLetterParts {
  readonly database: Pick<Database, 'reader' | 'writer'>;
  readonly tables: ReadonlyMap<string, IngestTable>;
  readonly routing: Routing;
  readonly streams: readonly Stream[];
  readonly gate: Gate;
  readonly destination: Destination;
}

/** Adds the routes. */
export function deadLetterRoutes(
  app: ApiApp,
  { database, tables, routing, streams, gate, destination }: DeadLetterParts,
): void {
  app.get(
    '/api/dead-letters',
    {
      schema: {
        tags: ['ingest'],
        summary: 'Rejected rows, newest first',
        operationId: 'dead-letters',
        querystring: ListQuery,
        response: { 200: DeadLetterPage, ...problemResponses },
      },
    },
    async (request, reply) => {
      requireLetters(destination);
      const { table, limit = DEFAULT_LIMIT, cursor } = request.query;
      const question = questionOf(request.url);
      const after = cursor === undefined ? undefined : readLetterPosition(question, cursor);
      const { sql, values } = deadLetterQuery(table, limit + 1, after);
      const rows = await query<DeadLetter>(database.reader, sql, values);
      const data = rows.slice(0, limit);
      const last = rows.length > limit ? data.at(-1) : undefined;
      const next = last === undefined ? null : writeLetterPosition(question, last);
      if (next !== null) void reply.header('link', nextLink(request.url, next));
      return {
        count: data.length,
        next,
        data: data.map(({ table_name, ...letter }) => ({ ...letter, table: table_name })),
      };
    },
  );

  app.post(
    '/api/dead-letters/replay',
    {
      config: { access: 'write' },
      schema: {
        tags: ['ingest'],
        summary: 'Tries to store rejected rows again, for example after a change of the schema',
        operationId: 'replay-dead-letters',
        querystring: NoQuery,
        body: ReplayBody,
        response: { 200: ReplayAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      requireLetters(destination);
      const arrival = gate.arrive(clientOf(request));
      void reply.header('cache-control', 'no-store');
      const { replayed, failed, errors } = await arrival
        .admit()
        .run(() => replayLetters(destination, { tables, routing, streams }, request.body))
        .finally(() => arrival.leave());
      return { replayed, failed, errors: [...errors] };
    },
  );

  app.delete(
    '/api/dead-letters/:letter',
    {
      config: { access: 'write' },
      schema: {
        tags: ['ingest'],
        summary: 'Deletes a rejected row',
        operationId: 'discard-dead-letter',
        params: Type.Object({ letter: Type.String({ format: 'uuid', description: 'Id of the letter' }) }),
        querystring: NoQuery,
        response: { 204: Type.Null({ description: 'The row is deleted' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      requireLetters(destination);
      const { letter } = request.params;
      if ((await onWriteConnection(database.writer, (db) => deleteLetters(db, [letter]))) === 0)
        throw new ProblemError(
          'unknown-object',
          `There is no dead letter ${letter}; it may have been replayed or deleted`,
        );
      return reply.code(204).send(null);
    },
  );
}

function requireLetters({ keepsRejected }: Destination): void {
  if (keepsRejected) return;
  throw new ProblemError(
    'unknown-object',
    `Rejected rows are not kept here: the set "service" is not selected; add it to TSDB_SCHEMAS and run "${invocation('apply')}"`,
  );
}
