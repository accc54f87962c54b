// Lets web pages of other origins call the API, if the settings name these origins.
import cors from '@fastify/cors';
import type { ApiApp } from '../http/instance';
import { wrongMethod } from '../http/methods';
import { ProblemError } from '../http/problems';

/** Adds CORS for the given origins. No credentials: keys are sent in a header, there are no cookies. */
export function allowOrigins(app: ApiApp, origins: readonly string[]): void {
  // The plugin would take every OPTIONS for a preflight request.
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] !== undefined)
      return;
    throw wrongMethod(request) ?? new ProblemError('unknown-route', 'There is nothing at this address');
  });
  app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: [
      'accept',
      'authorization',
      'content-encoding',
      'content-type',
      'idempotency-key',
      'if-none-match',
      'x-api-key',
      'x-request-id',
      'x-tsdb-read',
    ],
    exposedHeaders: [
      'etag',
      'link',
      'location',
      'retry-after',
      'www-authenticate',
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'x-request-id',
      'x-tsdb-answered-by',
      'x-tsdb-bucket',
      'x-tsdb-source',
      'x-tsdb-watermark',
    ],
    maxAge: 600,
    strictPreflight: false,
  });
  // Routes that choose a format overwrite `vary`. Without `Origin` in it, a cache could give the answer for one origin to another.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = String(reply.getHeader('vary') ?? '');
    if (!/\borigin\b/i.test(vary)) void reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    done();
  });
}
