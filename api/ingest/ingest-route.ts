// `POST /api/ingest/:table`: a request is admitted before its body is read; the body has one of three formats and is written in
// one transaction.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { tableNamed } from '../database/tables';
import { type ApiApp, clientOf } from '../http/instance';
import { refuseOtherMethods } from '../http/methods';
import { ProblemError, problemResponses } from '../http/problems';
import type { ServedConfig } from '../parts';
import type { Gate, Ticket } from './gate';
import { IngestAnswer, IngestHeaders, IngestQuery, ingestBody, TableParams } from './ingest-schemas';
import { acceptRowBodies, type Received, tooLarge } from './read/body';
import { jsonRows, ndjsonRows } from './read/json-rows';
import { lineProtocolRows } from './read/line-protocol-rows';
import { rowReader } from './read/row-reader';
import {
  type CheckedRow,
  type IngestTable,
  keepable,
  type Precision,
  type RejectedRow,
  type SentRow,
} from './rows';
import type { GroupCommit } from './store/group-commit';
import type { WriteKey } from './store/idempotency';
import { type Batch, type Destination, writeBatch } from './store/write-batches';

declare module 'fastify' {
  interface FastifyRequest {
    /** The admission of a write. */
    ticket: Ticket | null;
  }
}

/** What writes over HTTP work with. */
export interface IngestParts {
  readonly config: Pick<ServedConfig, 'maxBodyBytes'>;
  readonly tables: ReadonlyMap<string, IngestTable>;
  readonly gate: Gate;
  readonly destination: Destination;
  /** Writes small bodies without a key; undefined when each write has a transaction of its own. */
  readonly group: GroupCommit | undefined;
  /** Whether the set that keeps answers to repeated writes is selected. */
  readonly keepsAnswers: boolean;
}

/** Adds the route. */
export function ingestRoute(app: ApiApp, parts: IngestParts): void {
  const { config, gate, tables, destination, group } = parts;

  // A plugin of its own, because content type parsers apply to all routes of a plugin.
  app.register(async (plain) => {
    const api = plain.withTypeProvider<TypeBoxTypeProvider>();
    acceptRowBodies(api, config.maxBodyBytes);
    api.decorateRequest('ticket', null);
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
        onRequest: async (request, reply) => {
          tableNamed(tables, request.params.table);
          admit(request, reply);
        },
        // A connection cannot be used again after a body that was not read to its end.
        onError: async (_request, reply, error) => {
          if (error instanceof ProblemError && (error.status === 413 || error.status === 408))
            void reply.header('connection', 'close');
        },
      },
      async (request, reply) => {
        const table = tableNamed(tables, request.params.table);
        const { received, ticket } = request;
        if (!received || !ticket) throw new ProblemError('bad-body', 'There is no body; send rows');
        ticket.resize(received.bytes);
        const { precision = 'ns' } = request.query;
        const key = keyOf(request, table.name, received, precision);
        const read = async (): Promise<Batch> => ({
          ...(await readRows(table, received, precision, request.body)),
          table,
          format: received.format === 'line-protocol' ? `line-protocol-${precision}` : received.format,
          requestId: request.id,
          key,
        });
        const { status, answer, replayed } =
          group && key === undefined && received.bytes <= SMALL_BYTES
            ? await group.write(await read(), ticket)
            : await ticket.run(async () => writeBatch(destination, await read()));
        void reply.header('cache-control', 'no-store');
        if (replayed) void reply.header('idempotency-replayed', 'true');
        else count(answer);
        if (status === 422)
          throw new ProblemError('rows-rejected', noneStored(destination), { members: answer });
        return reply.code(status as 200 | 207).send(answer);
      },
    );
    methods.done();
  });

  function count({ table, accepted, rejected }: IngestAnswer): void {
    app.ingestCounters.accepted.inc({ table }, accepted);
    app.ingestCounters.rejected.inc({ table }, rejected);
  }

  function admit(request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-length': length, 'content-encoding': encoding = 'identity' } = request.headers;
    const declared = length === undefined ? undefined : Number(length);
    if (declared !== undefined && declared > config.maxBodyBytes) throw tooLarge(config.maxBodyBytes);
    // The size of a compressed or chunked body is unknown until it was read; until then the limit is assumed.
    const bytes = declared === undefined || encoding !== 'identity' ? config.maxBodyBytes : declared;
    const ticket = gate.admit(bytes, clientOf(request));
    request.ticket = ticket;
    // One of these events always comes: the request was answered or refused, or its client has disconnected.
    reply.raw.once('finish', ticket.leave).once('close', ticket.leave);
  }

  function keyOf(
    request: FastifyRequest,
    table: string,
    { format, digest }: Received,
    precision: Precision,
  ): WriteKey | undefined {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return undefined;
    if (!parts.keepsAnswers)
      throw new ProblemError(
        'invalid-request',
        `Idempotency-Key needs the set "service", which is not selected; add it to TSDB_SCHEMAS and run "${invocation('apply')}", or send the request without the header`,
      );
    const about = JSON.stringify([table, format, precision, digest]);
    return { client: clientOf(request), key, digest: createHash('sha256').update(about).digest('hex') };
  }
}

/** Bodies of up to this size are read before they have a slot, and may share a transaction. */
const SMALL_BYTES = 16_384;

const noneStored = ({ keepsRejected }: Destination): string =>
  keepsRejected
    ? 'No row could be stored; the reasons are in errors, and the rows are kept at /api/dead-letters'
    : 'No row could be stored; the reasons are in errors';

/** Rows that are read between two pauses for other requests. */
const ROWS_AT_ONCE = 2_000;
/** Most rows of a body: a row needs far more memory than the two bytes of `1,`. */
const MOST_ROWS = 200_000;
/** Most rejected rows of a body; a body with more of them is refused as a whole. */
const MOST_REJECTED = 10_000;

async function readRows(
  { hypertable }: IngestTable,
  { format }: Received,
  precision: Precision,
  body: unknown,
): Promise<{ readonly rows: readonly CheckedRow[]; readonly rejected: readonly RejectedRow[] }> {
  const now = Date.now();
  const rows: CheckedRow[] = [];
  const rejected: RejectedRow[] = [];
  const read = rowReader(hypertable, now);
  let count = 0;
  for (const sent of sentRows()) {
    const result = read(sent);
    if ('row' in result) rows.push(result.row);
    else rejected.push(result.rejected);
    count += 1;
    if (count > MOST_ROWS)
      throw new ProblemError(
        'body-too-large',
        `A body may have at most ${MOST_ROWS} rows; nothing was stored, send them in several requests`,
      );
    if (rejected.length > MOST_REJECTED)
      throw new ProblemError(
        'bad-body',
        `More than ${MOST_REJECTED} rows of this body are invalid, the first one in line ${rejected[0]?.line}: ${keepable(rejected[0]?.reason ?? '')}; nothing was stored or kept`,
      );
    if (count % ROWS_AT_ONCE === 0) await nextTurn();
  }
  return { rows, rejected };

  function sentRows(): Iterable<SentRow> {
    if (format === 'json') return jsonRows(body);
    return format === 'ndjson'
      ? ndjsonRows(body as string)
      : lineProtocolRows(hypertable, body as string, precision, now);
  }
}
