// The kinds of body that rows may come in, as content type parsers of the plugin that they are added to.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { messageOf } from '../../../db/core/errors';
import type { ApiApp } from '../../http/instance';
import { ProblemError } from '../../http/problems';
import { readBody, textOf } from './body';

/** Body formats by media type. */
export const MEDIA_TYPES = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/x-influx-line-protocol': 'line-protocol',
  'text/plain': 'line-protocol',
} as const;

/** What is known of a body that was read. */
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
 * Replaces the content type parsers of `app`: JSON becomes its value, the other formats their text. The parsers of other
 * plugins stay as they are.
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
      return format === 'json' ? parseJson(text) : text;
    });
  }
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const given = request.headers['content-type'];
    throw new ProblemError(
      'unknown-media-type',
      `${given === undefined ? 'There is no content-type' : `content-type ${JSON.stringify(given.slice(0, 60))} is not known here`}; send ${Object.keys(MEDIA_TYPES).join(', ')}`,
    );
  });
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProblemError(
      'bad-body',
      `The body is no JSON: ${messageOf(cause).slice(0, 200)}; nothing was stored`,
      {
        cause,
      },
    );
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new ProblemError('bad-body', 'The body must be an object or an array of objects; nothing was stored');
}
