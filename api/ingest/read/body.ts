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
import { unzstd } from '../../http/unzstd';

/** Body formats by media type. */
export const MEDIA_TYPES = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
  'application/x-influx-line-protocol': 'line-protocol',
  'text/plain': 'line-protocol',
} as const;

/** Facts about a body that was read. */
export interface Received {
  readonly format: (typeof MEDIA_TYPES)[keyof typeof MEDIA_TYPES];
  readonly bytes: number;
  /** SHA-256 of the body after decompression, in hexadecimal digits; only of a request with an `Idempotency-Key`. */
  readonly digest: string | undefined;
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
      const bytes = await arrivingBody(request, payload, limit);
      const hasKey = request.headers['idempotency-key'] !== undefined;
      request.received = { format, bytes: bytes.length, digest: hasKey ? digestOf(bytes) : undefined };
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

/** The body of a request whose arrival the gate watches. */
export const arrivingBody = ({ headers, arrival }: FastifyRequest, payload: Readable, limit: number) =>
  readBody(payload, {
    encoding: headers['content-encoding'],
    limit,
    onBytes: (bytes) => arrival?.resize(bytes),
  });

/** Names the bytes of a body, in hexadecimal digits. */
export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Longest that a client may take to send a body. */
const SLOWEST_MS = 30_000;

/** How a body is read. */
export interface BodyOptions {
  /** The header `content-encoding`: absent, `identity`, `gzip` or `zstd`. */
  readonly encoding: string | undefined;
  /** Most bytes, before and after decompression. */
  readonly limit: number;
  readonly slowestMs?: number;
  /** Is told how many bytes are held, each time that it changes; it may throw to refuse the body. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * The bytes of a body, decompressed.
 * @throws ProblemError (body-too-large, unknown-media-type, bad-body, or 408 when it takes too long).
 */
export async function readBody(payload: Readable, options: BodyOptions): Promise<Buffer> {
  const { slowestMs = SLOWEST_MS } = options;
  const kind = (options.encoding ?? 'identity').trim().toLowerCase();
  const unpack = kind === 'identity' || kind === '' ? undefined : DECOMPRESSIONS[kind];
  if (unpack === undefined && kind !== 'identity' && kind !== '')
    throw new ProblemError(
      'unknown-media-type',
      `content-encoding ${JSON.stringify(kind.slice(0, 40))} is not supported; send the body uncompressed, or with gzip or zstd`,
    );
  // Leaving the loop must not destroy the request: the answer goes through the same socket.
  const arriving = payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  try {
    const body = await withinTime(slowestMs, collect(arriving, options), () => {
      const late = `The body took longer than ${slowestMs / 1_000} s to arrive`;
      throw new ProblemError('invalid-request', late, { status: 408 });
    });
    // The body is there before it is decompressed, so that both sizes are limited; a bomb is stopped at the limit of its output.
    return unpack === undefined ? body : await collect(unpack(body), options);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      'bad-body',
      unpack === undefined ? 'The body is incomplete' : `The body is not ${kind} or is incomplete`,
      { cause: error },
    );
  }
}

type Decompression = (packed: Buffer) => AsyncIterable<Buffer>;

const gunzip: Decompression = (packed) => {
  const unpacking = createGunzip();
  unpacking.end(packed);
  return unpacking;
};

const DECOMPRESSIONS: Readonly<Record<string, Decompression>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  zstd: (packed) => unzstd([packed]),
};

/**
 * The text of UTF-8 bytes, without a byte order mark.
 * @throws ProblemError (bad-body) for bytes that are not UTF-8.
 */
export function textOf(bytes: Buffer): string {
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

async function collect(
  stream: AsyncIterable<Buffer>,
  { limit, onBytes = () => undefined }: BodyOptions,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > limit) throw tooLarge(limit);
    onBytes(size);
    parts.push(part);
  }
  return Buffer.concat(parts, size);
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
