// Entity tags of answers, and 304 for clients that have the answer already.
import { createHash } from 'node:crypto';
import type { ApiApp } from './instance';

/**
 * Tags every whole answer to GET and HEAD with a hash of its body, and leaves the body out where `If-None-Match` has the tag.
 * A cache must ask again each time, unless the route says otherwise. Errors and writes have no tag: conditions hold for answers
 * that would be 200 (RFC 9110, section 13.2.1). Files that are streamed carry tags of their own.
 */
export function entityTags(app: ApiApp): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string' || reply.hasHeader('etag'))
      return payload;
    // Weak, because a proxy may compress the body: its meaning stays the same, its bytes do not.
    const tag = `W/"${createHash('sha1').update(payload).digest('base64url')}"`;
    void reply.header('etag', tag);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-cache');
    if (!names(request.headers['if-none-match'], tag)) return payload;
    void reply.code(304).removeHeader('content-length');
    return '';
  });
}

/** Whether the header has the tag in its list, compared weakly. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag.slice(2));
}
