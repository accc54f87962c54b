// Answers 405 with `Allow` when an address exists but does not have the method.
import type { FastifyRequest, RouteOptions } from 'fastify';
import type { ApiApp } from './instance';
import { ProblemError } from './problems';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods of each address that has a route, by the pattern of the route. */
    routeMethods: Map<string, Set<string>>;
  }
  interface FastifyContextConfig {
    /** Whether the route only says that its method is not allowed. */
    isRefusal?: boolean;
  }
}

/** Remembers the methods of all routes that are added from now on, for `wrongMethod`. */
export function rememberMethods(app: ApiApp): void {
  const methods = new Map<string, Set<string>>();
  app.decorate('routeMethods', methods);
  app.addHook('onRoute', ({ url, method, config }: RouteOptions) => {
    // A wildcard matches every unknown address: there 404 is right.
    if (config?.isRefusal || url.includes('*')) return;
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]));
  });
}

/** The problem of a request whose address has routes, but none for its method; undefined when there is nothing at this address. */
export function wrongMethod(request: FastifyRequest): ProblemError | undefined {
  const path = request.url.replace(/[?#].*$/s, '');
  for (const [pattern, methods] of request.server.routeMethods) {
    const isHere = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`).test(path);
    if (isHere && !methods.has(request.method)) return problem(request, allowOf(methods));
  }
  return undefined;
}

const allowOf = (methods: ReadonlySet<string>): string =>
  METHODS.filter((method) => methods.has(method)).join(', ');

const problem = ({ method }: FastifyRequest, allow: string): ProblemError =>
  new ProblemError('wrong-method', `${method} is not allowed at this address; use ${allow}`, {
    headers: { allow },
  });

/**
 * Remembers the routes that are added from now on; `done` then adds routes for the other methods of their addresses. A preflight
 * request of CORS is answered before its route is reached.
 */
export function refuseOtherMethods(app: ApiApp): { done(): void } {
  const served = new Map<string, Set<string>>();
  let collecting = true;
  app.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (!collecting) return;
    const methods = served.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one.toUpperCase());
    served.set(url, methods);
  });
  return {
    done: () => {
      collecting = false;
      for (const [url, methods] of served) {
        const others = METHODS.filter((method) => !methods.has(method));
        // A wildcard matches every unknown address: there 404 is right.
        if (others.length === 0 || url.includes('*')) continue;
        const allow = allowOf(methods);
        app.route({
          method: others,
          url,
          schema: { hide: true },
          config: { access: 'open', isRefusal: true },
          handler: (request) => {
            throw problem(request, allow);
          },
        });
      }
    },
  };
}
