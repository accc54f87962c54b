// Entity tags of answers, and 304 for clients that have the answer already.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp } from './instance';

/**
 * Tags every whole answer to GET and HEAD with a hash of its body, and leaves the body out where `If-None-Match` has the tag.
 * A cache must ask again each time, unless the route says otherwise. Errors and writes have no tag: conditions hold for answers
 * that would be 200 (RFC 9110, section 13.2.1). Files that are streamed carry tags of their own.
 */
export function entityTags(app: ApiApp): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode === 304 && payload === '') return nothing(request);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || reply.statusCode !== 200 || !isWhole(payload) || reply.hasHeader('etag')) return payload;
    const digest = createHash('sha1').update(payload).digest('base64url');
    return isKnown(request, reply, tagOf(digest)) ? nothing(request) : payload;
  });
}

const isWhole = (payload: unknown): payload is string | Buffer =>
  typeof payload === 'string' || Buffer.isBuffer(payload);

// Without a body there is no length either: 0 would be wrong, as the length is that of the answer that the client has. Fastify gives
// answers to HEAD a length, except those that are streams.
const nothing = ({ method }: FastifyRequest) => (method === 'HEAD' ? Readable.from([]) : null);

/** The tag of an answer by the hash of its text. It is weak, because the text may be compressed: its meaning stays the same, its bytes do not. */
export const tagOf = (digest: string): string => `W/"${digest}"`;

/** Tags an answer that is 200. When the client has it already, it becomes 304, and its body must be left out. */
export function isKnown(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  void reply.header('etag', tag);
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-cache');
  if (!names(request.headers['if-none-match'], tag)) return false;
  void reply.code(304).removeHeader('content-length');
  return true;
}

/** Whether the header has the tag in its list, compared weakly. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag.slice(2));
}
