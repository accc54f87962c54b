// A door for clients of other databases: their requests are read as points and go the way of all written rows.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BODY_KEY } from '../../db/schema/service';
import { type ApiApp, clientOf } from '../http/instance';
import { refuseOtherMethods } from '../http/methods';
import { ProblemError } from '../http/problems';
import { admitWrites } from '../ingest/admission';
import type { IngestParts } from '../ingest/ingest-route';
import type { IngestAnswer } from '../ingest/ingest-schemas';
import type { SentPoint } from '../ingest/points/point';
import { pointRows } from '../ingest/points/point-rows';
import type { Routing } from '../ingest/points/routing';
import { arrivingBody, digestOf } from '../ingest/read/body';
import type { AddressedRow } from '../ingest/read/read-rows';
import type { RowFormat } from '../ingest/rows';
import type { WriteKey } from '../ingest/store/idempotency';
import { aboutWrite } from '../ingest/write-request';

/** What a write of points came to, over all tables. */
export interface PointsWritten {
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: IngestAnswer['errors'];
  /** The first reasons of refusals, as messages list them. */
  readonly reasons: string;
  /** What became of the others, and where the refused ones are, as messages say it. */
  readonly outcome: string;
}

/** The points of a request. */
export interface PointsRequest {
  readonly format: RowFormat;
  readonly body: Buffer;
  readonly points: () => Iterable<SentPoint>;
  /** What determines the points besides the body, for example the unit of the times. */
  readonly about: readonly unknown[];
}

/**
 * Adds routes of a door. The plugin that `add` gets takes bodies of any content type as bytes, and passes the gate.
 */
export function pointDoor(
  app: ApiApp,
  { gate, config }: Pick<IngestParts, 'gate' | 'config'>,
  add: (api: ApiApp) => void,
): void {
  app.register(async (plain) => {
    const api = plain.withTypeProvider<TypeBoxTypeProvider>();
    admitWrites(api, gate, config.maxBodyBytes);
    api.removeAllContentTypeParsers();
    api.addContentTypeParser('*', (request: FastifyRequest, payload: FastifyRequest['raw']) =>
      // The decompression of snappy is a part of the format, not of the transfer.
      arrivingBody(request, payload, config.maxBodyBytes),
    );
    const methods = refuseOtherMethods(api);
    add(api);
    methods.done();
  });
}

/**
 * Writes points. Clients of these doors send a body again when no answer has come, so the same body is stored only once within a
 * day; a body with a point without a time has no such protection, because it is another reading each time.
 */
export async function writePoints(
  {
    write,
    routing,
    destination,
    keepsAnswers,
  }: Pick<IngestParts, 'write' | 'routing' | 'destination' | 'keepsAnswers'>,
  request: FastifyRequest,
  reply: FastifyReply,
  { format, body, points, about }: PointsRequest,
): Promise<PointsWritten> {
  const receivedAt = Date.now();
  let isDated = true;
  function* noted(): Generator<SentPoint> {
    for (const sent of points()) {
      if (sent.point && sent.point.time === undefined) isDated = false;
      yield sent;
    }
  }
  const key = (): WriteKey | undefined => {
    if (!keepsAnswers || !isDated) return undefined;
    const digest = aboutWrite(format, ...about, digestOf(body));
    return { client: clientOf(request), key: `${BODY_KEY}${digest}`, digest };
  };
  const results = await write(request, {
    format,
    bytes: body.length,
    rows: () => addressedRows(routing, noted(), receivedAt),
    key,
    receivedAt,
    keepsAll: true,
  });
  void reply.header('cache-control', 'no-store');
  if (results.some(({ replayed }) => replayed)) void reply.header('idempotency-replayed', 'true');
  const answers = results.map(({ answer }) => answer);
  const accepted = sum(answers.map((answer) => answer.accepted));
  const errors = answers.flatMap((answer) => answer.errors).sort((a, b) => a.line - b.line);
  return {
    accepted,
    rejected: sum(answers.map((answer) => answer.rejected)),
    errors,
    reasons: listed(errors),
    outcome: `${accepted > 0 ? 'The others are stored' : 'None is stored'}; ${destination.keepsRejected ? KEPT : NOT_KEPT}`,
  };
}

const KEPT = '/api/dead-letters has those that were refused';
const NOT_KEPT = 'those that were refused are not kept, because the set "service" is not selected';

const FIRST_REASONS = 3;

function listed(errors: PointsWritten['errors']): string {
  const reasons = [...new Set(errors.map(({ reason }) => reason))];
  return `${reasons.slice(0, FIRST_REASONS).join('; ')}${reasons.length > FIRST_REASONS ? ', and more' : ''}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The rows of the points, each with its table. */
export function* addressedRows(
  routing: Routing,
  points: Iterable<SentPoint>,
  receivedAt: number,
): Generator<AddressedRow> {
  for (const sent of points) {
    const { line, source, point, reason } = sent;
    if (point === undefined) {
      yield { to: UNREADABLE, row: { line, source, reason: reason ?? 'it is not a point' } };
      continue;
    }
    const table = routing.tableFor(point.name);
    if (typeof table === 'string') yield { to: point.name, row: { line, source, reason: table } };
    else for (const row of pointRows(table.hypertable, sent, receivedAt)) yield { to: table, row };
  }
}

/** Dead letters of lines that could not be read, so that no table is known. */
const UNREADABLE = '';

/** The body of a request at a point door. */
export function bodyOf(request: FastifyRequest): Buffer {
  if (Buffer.isBuffer(request.body)) return request.body;
  throw new ProblemError('bad-body', 'There is no body; send points');
}
