// Where no key is needed, requests from foreign web pages are refused, because a browser on this machine would send them.
import type { FastifyRequest } from 'fastify';
import type { ApiApp } from '../http/instance';
import { ProblemError } from '../http/problems';
import type { RouteParts } from '../parts';
import { isLoopback } from './loopback';

/**
 * Protects a server without keys. Pages of another origin may not use it, neither with a form or a script (`Origin`) nor through
 * a host name that its owner points to this machine (`Host`), unless the server listens on an address for other machines.
 */
export function onlyOwnPages(app: ApiApp, { config }: Pick<RouteParts, 'config'>): void {
  app.addHook('onRequest', async (request) => {
    if (isLoopback(config.host) && !isLoopback(hostnameOf(request.headers.host)))
      throw new ProblemError(
        'foreign-origin',
        `This server is only for this machine: address it as localhost, not as ${JSON.stringify(String(request.headers.host).slice(0, 100))}; set TSDB_API_AUTH=keys to serve it under other names`,
      );
    const { origin } = request.headers;
    if (origin !== undefined && !isOwn(request, origin) && !config.corsOrigins.includes(origin))
      throw new ProblemError(
        'foreign-origin',
        `Pages of ${origin.slice(0, 100)} may not use this server; name them in TSDB_CORS_ORIGINS if they should`,
      );
  });
}

/** `[::1]:5000` → `::1` */
const hostnameOf = (host = ''): string => host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

const isOwn = (request: FastifyRequest, origin: string): boolean =>
  URL.canParse(origin) && new URL(origin).host === request.headers.host;
