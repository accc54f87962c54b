// `POST /api/ingest/:table`: rows of one table, in one of four formats.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { tableNamed } from '../database/tables';
import { type ApiApp, clientOf } from '../http/instance';
import { refuseOtherMethods } from '../http/methods';
import { ProblemError, problemResponses } from '../http/problems';
import type { ServedConfig } from '../parts';
import { admitWrites } from './admission';
import type { Gate } from './gate';
import { IngestAnswer, IngestHeaders, IngestQuery, ingestBody, TableParams } from './ingest-schemas';
import { lineProtocolPoints } from './points/line-protocol';
import { pointRows } from './points/point-rows';
import type { Routing } from './points/routing';
import { acceptRowBodies } from './read/body';
import { csvRows } from './read/csv-rows';
import { jsonRows, ndjsonRows } from './read/json-rows';
import type { AddressedRow } from './read/read-rows';
import type { IngestTable, SentRow } from './rows';
import type { WriteKey } from './store/idempotency';
import type { Destination } from './store/write-batches';
import { aboutWrite, type WriteRows } from './write-request';

/** What writes over HTTP work with. */
export interface IngestParts {
  readonly config: Pick<ServedConfig, 'maxBodyBytes'>;
  readonly tables: ReadonlyMap<string, IngestTable>;
  readonly routing: Routing;
  readonly gate: Gate;
  readonly destination: Destination;
  readonly write: WriteRows;
  /** Whether the set that keeps answers to repeated writes is selected. */
  readonly keepsAnswers: boolean;
}

/** Adds the route. */
export function ingestRoute(app: ApiApp, parts: IngestParts): void {
  const { config, gate, tables, routing, destination, write, keepsAnswers } = parts;

  // A plugin of its own, because content type parsers and hooks apply to all routes of a plugin.
  app.register(async (plain) => {
    const api = plain.withTypeProvider<TypeBoxTypeProvider>();
    api.addHook('onRequest', async (request) => {
      if (request.method === 'POST') tableNamed(tables, (request.params as { readonly table: string }).table);
    });
    admitWrites(api, gate, config.maxBodyBytes);
    acceptRowBodies(api, config.maxBodyBytes);
    const methods = refuseOtherMethods(api);
    api.post(
      '/api/ingest/:table',
      {
        config: { access: 'write' },
        schema: {
          tags: ['ingest'],
          summary:
            'Stores rows: each row is checked separately, and all accepted rows are stored in one transaction',
          operationId: 'ingest',
          params: TableParams,
          querystring: IngestQuery,
          headers: IngestHeaders,
          body: ingestBody,
          response: {
            200: { ...IngestAnswer, description: 'All rows were stored' },
            207: { ...IngestAnswer, description: 'Some rows were stored; the others are listed' },
            ...problemResponses,
          },
        },
      },
      async (request, reply) => {
        const table = tableNamed(tables, request.params.table);
        const { received } = request;
        if (!received) throw new ProblemError('bad-body', 'There is no body; send rows');
        const { format, bytes, digest } = received;
        const { precision = 'ns', ...csv } = request.query;
        const receivedAt = Date.now();
        const key = keyOf(request, [table.name, format, precision, ...Object.values(csv), digest]);
        const rows = (): Iterable<SentRow> => {
          if (format === 'json') return jsonRows(request.body);
          if (format === 'ndjson') return ndjsonRows(request.body as string);
          if (format === 'csv')
            return csvRows(table.hypertable, request.body as string, { precision, ...csv });
          return lineRows(table, request.body as string);
        };
        function* lineRows(to: IngestTable, body: string): Generator<SentRow> {
          for (const sent of lineProtocolPoints(body, precision)) {
            const { line, source, point } = sent;
            if (point && !routing.takes(to, point.name)) {
              const name = JSON.stringify(point.name.slice(0, 60));
              yield { line, source, reason: `the measurement ${name} is not this table; write ${to.name}` };
            } else yield* pointRows(to.hypertable, sent, receivedAt);
          }
        }
        const [result] = await write(request, {
          format:
            format === 'line-protocol' ? `line-protocol-${precision}` : format === 'csv' ? 'json' : format,
          bytes,
          rows: () => addressed(table, rows()),
          key: () => key,
          receivedAt,
        });
        void reply.header('cache-control', 'no-store');
        if (!result) return reply.code(200).send(noRows(table));
        if (result.replayed) void reply.header('idempotency-replayed', 'true');
        if (result.status === 422)
          throw new ProblemError('rows-rejected', noneStored(destination), { members: result.answer });
        return reply.code(result.status as 200 | 207).send(result.answer);
      },
    );
    methods.done();
  });

  function keyOf(request: FastifyRequest, about: readonly unknown[]): WriteKey | undefined {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return undefined;
    if (!keepsAnswers)
      throw new ProblemError(
        'invalid-request',
        `Idempotency-Key needs the set "service", which is not selected; add it to TSDB_SCHEMAS and run "${invocation('apply')}", or send the request without the header`,
      );
    return { client: clientOf(request), key, digest: aboutWrite(...about) };
  }
}

function* addressed(to: IngestTable, rows: Iterable<SentRow>): Generator<AddressedRow> {
  for (const row of rows) yield { to, row };
}

/** The answer to a body without rows. */
const noRows = ({ name }: IngestTable): IngestAnswer => ({
  table: name,
  accepted: 0,
  unchanged: 0,
  rejected: 0,
  errors: [],
  alerts: 0,
  late: null,
});

const noneStored = ({ keepsRejected }: Destination): string =>
  keepsRejected
    ? 'No row could be stored; the reasons are in errors, and the rows are kept at /api/dead-letters'
    : 'No row could be stored; the reasons are in errors';
