// `POST /api/ingest/:table`: admitted before its body is read, read in three formats, written in one transaction.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SeriesTable } from '../database/tables';
import { type ApiApp, clientOf } from '../http/instance';
import { refuseOtherMethods } from '../http/methods';
import { ProblemError, problemResponses } from '../http/problems';
import type { Ticket } from './gate';
import type { IngestParts } from './ingest-parts';
import { IngestAnswer, IngestHeaders, IngestQuery, ingestBody, TableParams } from './ingest-schemas';
import { tooLarge } from './read/body';
import { jsonRows, ndjsonRows } from './read/json-rows';
import { lineProtocolRows } from './read/line-protocol-rows';
import { acceptRowBodies, type Received } from './read/media-types';
import { rowReader } from './read/row-reader';
import { keepable, type Precision, type Row, type SentRow, type Verdict } from './rows';
import type { WriteKey } from './store/idempotency';
import { rowsRejected } from './store/rejection';
import { type Batch, writeBatch } from './store/write-batches';

declare module 'fastify' {
  interface FastifyRequest {
    /** The admission of a write. */
    ticket: Ticket | null;
  }
}

/** Adds the route. */
export function ingestRoute(app: ApiApp, parts: IngestParts): void {
  const { config, gate, tables } = parts;

  // A plugin of its own, because content type parsers are for all routes of a plugin.
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
            'Stores rows; each row is judged by itself, and what is accepted is stored at once or not at all',
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
          tableOf(request.params.table);
          admit(request, reply);
        },
        // The connection of a body that was not read to its end cannot be used again.
        onError: async (_request, reply, error) => {
          if (error instanceof ProblemError && (error.status === 413 || error.status === 408))
            void reply.header('connection', 'close');
        },
      },
      async (request, reply) => {
        const table = tableOf(request.params.table);
        const { received, ticket } = request;
        if (!received || !ticket) throw new ProblemError('bad-body', 'There is no body; send rows');
        ticket.resize(received.bytes);
        const { precision = 'ns' } = request.query;
        const key = keyOf(request, table, received, precision);
        const read = async (): Promise<Batch> => ({
          ...(await readRows(table, received, precision, request.body)),
          name: table.name,
          target: parts.target(table),
          format: received.format === 'line-protocol' ? `line-protocol-${precision}` : received.format,
          requestId: request.id,
          key,
        });
        const { status, answer, replayed } =
          parts.group && key === undefined && received.bytes <= SMALL_BYTES
            ? await parts.group.write(await read(), ticket)
            : await ticket.run(async () => writeBatch(await parts.destination(), await read()));
        void reply.header('cache-control', 'no-store');
        if (replayed) void reply.header('idempotency-replayed', 'true');
        else count(table.name, answer);
        if (status === 422) throw rowsRejected(noneTaken(parts.keepsRefused), answer);
        return reply.code(status as 200 | 207).send(answer as never);
      },
    );
    methods.done();
  });

  function tableOf(name: string): SeriesTable {
    const table = tables.get(name);
    if (table) return table;
    throw new ProblemError(
      'unknown-table',
      `There is no table ${JSON.stringify(name.slice(0, 130))}; the tables are ${[...tables.keys()].join(', ')}`,
    );
  }

  function count(table: string, { accepted, rejected }: Readonly<Record<string, unknown>>): void {
    app.ingestCounters.accepted.inc({ table }, Number(accepted));
    app.ingestCounters.rejected.inc({ table }, Number(rejected));
  }

  function admit(request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-length': length, 'content-encoding': encoding = 'identity' } = request.headers;
    const declared = length === undefined ? undefined : Number(length);
    if (declared !== undefined && declared > config.maxBodyBytes) throw tooLarge(config.maxBodyBytes);
    // How much comes out of a packed or chunked body is known when it is there; until then it may be all that is allowed.
    const bytes = declared === undefined || encoding !== 'identity' ? config.maxBodyBytes : declared;
    const ticket = gate.admit(bytes, clientOf(request));
    request.ticket = ticket;
    // One of the two comes, however the request ends: answered, refused, or given up by its client in the middle.
    reply.raw.once('finish', ticket.leave).once('close', ticket.leave);
  }

  function keyOf(
    request: FastifyRequest,
    table: SeriesTable,
    { format, digest }: Received,
    precision: Precision,
  ): WriteKey | undefined {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return undefined;
    if (!parts.keepsAnswers)
      throw new ProblemError(
        'invalid-request',
        'Idempotency-Key needs the set `service`, which is not selected; add it to TSDB_SCHEMAS and run "tsdb apply", or leave the header out',
      );
    const about = JSON.stringify([table.name, format, precision, digest]);
    return { client: clientOf(request), key, digest: createHash('sha256').update(about).digest('hex') };
  }
}

/** Bodies up to here are read before they have a slot, and may share a transaction. */
const SMALL_BYTES = 16_384;

const noneTaken = (keepsRefused: boolean): string =>
  keepsRefused
    ? 'No row could be taken; the reasons are in errors, and the rows are kept at /api/dead-letters'
    : 'No row could be taken; the reasons are in errors';

/** Rows between two pauses in which other requests have their turn. */
const ROWS_AT_ONCE = 2_000;
/** Most rows of a body: each costs far more memory than the two bytes that `1,` sends. */
const MOST_ROWS = 200_000;
/** Most refused rows of a body; a body with more of them is wrong as a whole. */
const MOST_REFUSED = 10_000;

async function readRows(
  { hypertable }: SeriesTable,
  { format }: Received,
  precision: Precision,
  body: unknown,
): Promise<{ readonly rows: readonly Row[]; readonly verdicts: readonly Verdict[] }> {
  const now = Date.now();
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  const read = rowReader(hypertable, now);
  let count = 0;
  for (const sent of sentRows()) {
    const result = read(sent);
    if ('row' in result) rows.push(result.row);
    else verdicts.push(result.verdict);
    count += 1;
    if (count > MOST_ROWS)
      throw new ProblemError(
        'body-too-large',
        `A body may have ${MOST_ROWS} rows; nothing was stored, send them in several requests`,
      );
    if (verdicts.length > MOST_REFUSED)
      throw new ProblemError(
        'bad-body',
        `More than ${MOST_REFUSED} rows of this body are wrong, the first of them in line ${verdicts[0]?.line}: ${keepable(verdicts[0]?.reason ?? '')}; nothing was stored or kept`,
      );
    if (count % ROWS_AT_ONCE === 0) await nextTurn();
  }
  return { rows, verdicts };

  function sentRows(): Iterable<SentRow> {
    if (format === 'json') return jsonRows(body);
    return format === 'ndjson'
      ? ndjsonRows(body as string)
      : lineProtocolRows(hypertable, body as string, precision, now);
  }
}
