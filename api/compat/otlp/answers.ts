// The answers of OTLP, in the encoding of the request: ExportMetricsServiceResponse, and google.rpc.Status for every problem.
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Writer } from 'protobufjs/minimal';
import { problemOf } from '../../failures';
import type { ApiApp } from '../../http/instance';
import { asRetryable } from '../retryable';

/** The media types of the two encodings. */
export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

/** Data points that were refused while the others were stored. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

const binary = { schema: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) };

export const ExportResponse = Type.Object({
  partialSuccess: Type.Optional(
    Type.Object(
      {
        rejectedDataPoints: Type.String({ description: 'A whole number, for example 2' }),
        errorMessage: Type.String(),
      },
      { description: 'Present when data points were refused; do not send them again' },
    ),
  ),
});

const Status = Type.Object(
  { code: Type.Integer({ description: 'A code of gRPC' }), message: Type.String() },
  { description: 'google.rpc.Status' },
);
const failure = (description: string) => ({
  description,
  content: { [JSON_TYPE]: { schema: Status }, [PROTOBUF]: binary },
});

/** The schemas of all answers. */
export const responses = {
  200: {
    description: 'The data points were stored, except those that partialSuccess counts',
    content: { [JSON_TYPE]: { schema: ExportResponse }, [PROTOBUF]: binary },
  },
  '4xx': failure('The request cannot be answered; `message` says how to solve the problem'),
  '5xx': failure('The server or its database failed'),
};

const isProtobuf = ({ headers }: FastifyRequest): boolean =>
  (headers['content-type'] ?? '').trim().toLowerCase().startsWith(PROTOBUF);

/** Answers an export. */
export function sendResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  partial: PartialSuccess | undefined,
): FastifyReply {
  if (!isProtobuf(request))
    return reply.type(JSON_TYPE).send(
      partial === undefined
        ? {}
        : {
            partialSuccess: {
              rejectedDataPoints: String(partial.rejected),
              errorMessage: partial.message,
            },
          },
    );
  const writer = Writer.create();
  if (partial !== undefined)
    writer.uint32(10).fork().uint32(8).int64(partial.rejected).uint32(18).string(partial.message).ldelim();
  return reply.type(PROTOBUF).send(Buffer.from(writer.finish()));
}

/** Makes every problem of the plugin a Status. The problem itself is logged and counted like all others. */
export function explainAsOtlp(api: ApiApp): void {
  api.setErrorHandler((error, request) => {
    throw asRetryable(problemOf(error, request));
  });
  api.addHook('onSend', async (request, reply, payload) => {
    if (request.problem === undefined || typeof payload !== 'string') return payload;
    const { detail } = JSON.parse(payload) as { readonly detail: string };
    const code = CODES[reply.statusCode] ?? (reply.statusCode >= 500 ? INTERNAL : INVALID_ARGUMENT);
    void reply.removeHeader('content-length').type(isProtobuf(request) ? PROTOBUF : JSON_TYPE);
    if (!isProtobuf(request)) return JSON.stringify({ code, message: detail });
    return Buffer.from(Writer.create().uint32(8).int32(code).uint32(18).string(detail).finish());
  });
}

const INVALID_ARGUMENT = 3;
const INTERNAL = 13;
/** Codes of gRPC by status of HTTP. */
const CODES: Readonly<Record<number, number>> = {
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  409: 10,
  429: 8,
  503: 14,
  504: 4,
};
