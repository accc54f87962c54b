// Where no key is needed, requests of other people's web pages are refused: a browser on this machine would carry them out.
import type { FastifyRequest } from 'fastify';
import type { ApiApp } from '../http/instance';
import { ProblemError } from '../http/problems';
import type { RouteParts } from '../parts';
import { isLoopback } from './loopback';

/**
 * Guards a server without keys. A page of another origin may not use it: neither by a form or a script (`Origin`), nor under a
 * name that its owner lets point here (`Host`), unless the server is meant to be reached by such names.
 */
export function onlyOwnPages(app: ApiApp, { config }: Pick<RouteParts, 'config'>): void {
  app.addHook('onRequest', async (request) => {
    if (isLoopback(config.host) && !isLoopback(hostnameOf(request.headers.host)))
      throw new ProblemError(
        'foreign-origin',
        `This server is for this machine alone and is asked for as localhost, not as ${JSON.stringify(String(request.headers.host).slice(0, 100))}; set TSDB_API_AUTH=keys to serve it under other names`,
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
