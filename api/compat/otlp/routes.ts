// The door of OpenTelemetry: OTLP over HTTP, metrics only. https://opentelemetry.io/docs/specs/otlp/#otlphttp
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NoQuery } from '../../http/common-schemas';
import type { ApiApp } from '../../http/instance';
import { ProblemError } from '../../http/problems';
import type { IngestParts } from '../../ingest/ingest-route';
import type { SentPoint } from '../../ingest/points/point';
import { textOf } from '../../ingest/read/body';
import { type PointsWritten, pointDoor, writePoints } from '../point-door';
import { protobufEncoding } from '../protobuf';
import { readablePoints } from '../readable-points';
import type { Walk } from '../walk';
import { explainAsOtlp, JSON_TYPE, PROTOBUF, responses, sendResponse } from './answers';
import { jsonEncoding } from './json-encoding';
import { otlpPoints } from './points';

/** Adds the route. */
export function otlpRoutes(app: ApiApp, parts: IngestParts): void {
  const { maxBodyBytes } = parts.config;
  pointDoor(app, parts, (api) => {
    explainAsOtlp(api);
    api.post(
      '/v1/metrics',
      {
        config: { access: 'write' },
        schema: {
          tags: ['clients'],
          operationId: 'otlp-metrics',
          summary: 'Stores metrics as OpenTelemetry sends them: OTLP over HTTP, JSON or protobuf',
          querystring: NoQuery,
          body: {
            content: {
              [PROTOBUF]: { schema: Type.Unsafe<Buffer>({ format: 'binary', description: REQUEST }) },
              [JSON_TYPE]: { schema: Type.Any({ description: REQUEST }) },
            },
          },
          response: responses,
        },
      },
      write,
    );
  });

  async function write(request: FastifyRequest, reply: FastifyReply) {
    // An empty message has no bytes.
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const points = readerOf(request, body);
    const result = await writePoints(parts, request, reply, {
      format: 'point',
      body,
      points: () => readablePoints(points, { expected: 'an export of metrics of OTLP', maxBodyBytes }),
      about: ['otlp', request.headers['content-type']],
    });
    if (result.rejected === 0) return sendResponse(request, reply, undefined);
    const [rejected, message] = [rejectedDataPoints(result), explanation(result)];
    // A success would say that there is something left of the data.
    if (result.accepted === 0) throw new ProblemError('rows-rejected', message, { status: 400 });
    return sendResponse(request, reply, { rejected, message });
  }
}

const REQUEST = 'An ExportMetricsServiceRequest, also compressed with gzip';

/** @throws ProblemError (unknown-media-type, bad-body) */
function readerOf({ headers }: FastifyRequest, body: Buffer): (walk: Walk) => Iterable<SentPoint> {
  const given = headers['content-type'] ?? '';
  const type = given.split(';')[0]?.trim().toLowerCase();
  if (type === PROTOBUF) return (walk) => otlpPoints(protobufEncoding(walk), body);
  if (type === JSON_TYPE) {
    const text = textOf(body);
    return (walk) => otlpPoints(jsonEncoding(walk), parsed(text));
  }
  throw new ProblemError(
    'unknown-media-type',
    `content-type ${JSON.stringify(given.slice(0, 60))} is not supported; send ${PROTOBUF} or ${JSON_TYPE}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProblemError('bad-body', 'The body is not JSON; nothing was stored', { cause });
  }
}

/** A data point may be several rows. Answers list the first rejected rows; where more were rejected, the rows are counted. */
function rejectedDataPoints({ rejected, errors }: PointsWritten): number {
  return errors.length === rejected ? new Set(errors.map(({ line }) => line)).size : rejected;
}

const explanation = ({ accepted, rejected, reasons, outcome }: PointsWritten): string =>
  `${rejected} of ${accepted + rejected} samples were refused: ${reasons}. ${outcome}`;
