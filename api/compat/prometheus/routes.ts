// The door of Prometheus: remote write 1.0 and 2.0.
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '../../failures';
import { NoQuery } from '../../http/common-schemas';
import type { ApiApp } from '../../http/instance';
import { ProblemError, problemResponses } from '../../http/problems';
import type { IngestParts } from '../../ingest/ingest-route';
import { bodyOf, type PointsWritten, pointDoor, writePoints } from '../point-door';
import { protobufEncoding } from '../protobuf';
import { readablePoints } from '../readable-points';
import { asRetryable } from '../retryable';
import type { Walk } from '../walk';
import { seriesOfVersion1, seriesOfVersion2 } from './messages';
import { prometheusPoints, type Sent } from './points';
import { snappyBody } from './snappy-body';

const WRITTEN = 'x-prometheus-remote-write-';

const count = (description: string) => ({ type: 'integer', description });

/** Adds the route. */
export function prometheusRoutes(app: ApiApp, parts: IngestParts): void {
  const { maxBodyBytes } = parts.config;
  pointDoor(app, parts, (api) => {
    api.removeAllContentTypeParsers();
    api.addContentTypeParser('*', (request: FastifyRequest, payload: FastifyRequest['raw']) => {
      versionOf(request);
      return snappyBody(request, payload, maxBodyBytes);
    });
    api.setErrorHandler((error, request) => {
      throw asRetryable(problemOf(error, request));
    });
    api.post(
      '/api/v1/write',
      {
        config: { access: 'write' },
        schema: {
          tags: ['clients'],
          operationId: 'prometheus-write',
          summary: 'Stores samples as Prometheus sends them: remote write 1.0 and 2.0',
          querystring: NoQuery,
          body: {
            content: {
              'application/x-protobuf': {
                schema: Type.Unsafe<Buffer>({
                  format: 'binary',
                  description:
                    'A block of snappy with a prometheus.WriteRequest, or, with `;proto=io.prometheus.write.v2.Request` behind the content type, a request of version 2.0',
                }),
              },
            },
          },
          response: {
            204: Type.Null({
              description: 'All samples were stored; exemplars and metadata are not kept',
              headers: {
                [`${WRITTEN}samples-written`]: count('Samples that were stored, and markers of ended series'),
                [`${WRITTEN}histograms-written`]: count(
                  'Markers of ended series; native histograms are refused',
                ),
                [`${WRITTEN}exemplars-written`]: count('0: exemplars are not kept'),
              },
            }),
            ...problemResponses,
          },
        },
      },
      write,
    );
  });

  async function write(request: FastifyRequest, reply: FastifyReply) {
    const body = bodyOf(request);
    const version = versionOf(request);
    let sent = nothing();
    const result = await writePoints(parts, request, reply, {
      format: 'point',
      body,
      points: () => {
        sent = nothing();
        const seriesOf = version === 1 ? seriesOfVersion1 : seriesOfVersion2;
        const points = (walk: Walk) => {
          const encoding = protobufEncoding(walk);
          return prometheusPoints(seriesOf(body, encoding), encoding, sent);
        };
        const expected = `a request of remote write ${version}.0`;
        return readablePoints(points, { expected, maxBodyBytes });
      },
      about: ['prometheus', version],
    });
    // All other histograms are among the rejected.
    const refusedHistograms = sent.histograms - sent.endedHistograms;
    void reply.headers({
      [`${WRITTEN}samples-written`]: String(sent.samples + refusedHistograms - result.rejected),
      [`${WRITTEN}histograms-written`]: String(sent.endedHistograms),
      [`${WRITTEN}exemplars-written`]: '0',
    });
    if (result.rejected > 0) throw partialWrite(result, sent);
    return reply.code(204).send(null);
  }
}

const nothing = (): Sent => ({ samples: 0, histograms: 0, endedHistograms: 0 });

/** Prometheus logs the answer and does not send the samples again, so it says what to do. */
function partialWrite(
  { rejected, errors, reasons, outcome }: PointsWritten,
  { samples, histograms }: Sent,
): ProblemError {
  const detail = `${rejected} of ${samples + histograms} samples and histograms were refused: ${reasons}. ${outcome}`;
  return new ProblemError('rows-rejected', detail, { status: 400, members: { rejected, errors } });
}

/** The version by the content type; without one it is 1.0, as in Prometheus. */
function versionOf({ headers }: FastifyRequest): 1 | 2 {
  const given = headers['content-type'] ?? 'application/x-protobuf';
  const [type, ...parameters] = given.split(';').map((part) => part.trim().toLowerCase());
  const proto = parameters
    .find((parameter) => parameter.startsWith('proto='))
    ?.slice('proto='.length)
    .replaceAll('"', '');
  if (type === 'application/x-protobuf') {
    if (proto === undefined || proto === 'prometheus.writerequest') return 1;
    if (proto === 'io.prometheus.write.v2.request') return 2;
  }
  throw new ProblemError(
    'unknown-media-type',
    `content-type ${JSON.stringify(given.slice(0, 100))} is not supported; send application/x-protobuf, with proto=io.prometheus.write.v2.Request for version 2.0`,
  );
}
