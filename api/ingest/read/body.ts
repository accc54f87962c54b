// Reads the body of a write: its media type, bounded in size and time, decompressed, checked to be UTF-8.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { messageOf } from '../../../db/core/errors';
import { parseJson } from '../../../db/core/exact-json';
import type { ApiApp } from '../../http/instance';
import { ProblemError } from '../../http/problems';
import { withinTime } from '../../http/time-limit';

/** Body formats by media type. */
export const MEDIA_TYPES = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/x-influx-line-protocol': 'line-protocol',
  'text/plain': 'line-protocol',
} as const;

/** Facts about a body that was read. */
export interface Received {
  readonly format: (typeof MEDIA_TYPES)[keyof typeof MEDIA_TYPES];
  readonly bytes: number;
  /** SHA-256 of the body after decompression, in hexadecimal digits. */
  readonly digest: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when a body with rows was read. */
    received: Received | null;
  }
}

/**
 * Replaces the content type parsers of `app`. JSON is parsed to its value, the other formats to their text. The parsers of
 * other plugins do not change.
 */
export function acceptRowBodies(app: ApiApp, limit: number): void {
  app.decorateRequest('received', null);
  app.removeAllContentTypeParsers();
  for (const [mediaType, format] of Object.entries(MEDIA_TYPES)) {
    app.addContentTypeParser(mediaType, async (request: FastifyRequest, payload: FastifyRequest['raw']) => {
      const bytes = await readBody(payload, request.headers['content-encoding'], limit);
      const digest = createHash('sha256').update(bytes).digest('hex');
      request.received = { format, bytes: bytes.length, digest };
      const text = textOf(bytes);
      return format === 'json' ? parseBody(text) : text;
    });
  }
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const given = request.headers['content-type'];
    throw new ProblemError(
      'unknown-media-type',
      `${given === undefined ? 'There is no content-type' : `content-type ${JSON.stringify(given.slice(0, 60))} is not supported`}; send ${Object.keys(MEDIA_TYPES).join(', ')}`,
    );
  });
}

/** Longest that a client may take to send a body. */
const SLOWEST_MS = 30_000;

/**
 * The bytes of a body, at most `limit` of them before and after decompression.
 * @param encoding the header `content-encoding`: absent, `identity` or `gzip`.
 * @throws ProblemError (body-too-large, unknown-media-type, bad-body, or 408 when it takes too long).
 */
export async function readBody(
  payload: Readable,
  encoding: string | undefined,
  limit: number,
  slowestMs = SLOWEST_MS,
): Promise<Buffer> {
  const kind = (encoding ?? 'identity').trim().toLowerCase();
  if (kind !== 'identity' && kind !== 'gzip' && kind !== 'x-gzip')
    throw new ProblemError(
      'unknown-media-type',
      `content-encoding ${JSON.stringify(kind.slice(0, 40))} is not supported; send the body uncompressed or with gzip`,
    );
  const body = kind === 'identity' ? collect(payload, limit) : gunzip(payload, limit);
  try {
    return await withinTime(slowestMs, body, () => {
      const late = `The body took longer than ${slowestMs / 1_000} s to arrive`;
      throw new ProblemError('invalid-request', late, { status: 408 });
    });
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      'bad-body',
      kind === 'identity' ? 'The body is incomplete' : 'The body is not gzip or is incomplete',
      { cause: error },
    );
  }
}

/**
 * The text of UTF-8 bytes, without a byte order mark.
 * @throws ProblemError (bad-body) for bytes that are not UTF-8.
 */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ProblemError('bad-body', 'The body is not UTF-8; nothing was stored', { cause });
  }
}

/** The problem for a body beyond the limit. */
export const tooLarge = (limit: number): ProblemError =>
  new ProblemError(
    'body-too-large',
    `A body may have at most ${limit} bytes, also after decompression; send the rows in several requests, or raise TSDB_MAX_BODY_BYTES`,
  );

async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the request: the answer goes through the same socket.
  for await (const part of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw tooLarge(limit);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}

async function gunzip(payload: Readable, limit: number): Promise<Buffer> {
  // The body is read before it is decompressed, so that both sizes are limited; a bomb is stopped at the limit of its output.
  const packed = await collect(payload, limit);
  const unpacking = createGunzip();
  unpacking.end(packed);
  return collect(unpacking, limit);
}

function parseBody(text: string): unknown {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new ProblemError(
      'bad-body',
      `The body is not JSON: ${messageOf(cause).slice(0, 200)}; nothing was stored`,
      {
        cause,
      },
    );
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new ProblemError('bad-body', 'The body must be an object or an array of objects; nothing was stored');
}
