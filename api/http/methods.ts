// Answers 405 with `Allow` when an address exists but does not have the method.
import type { RouteOptions } from 'fastify';
import type { ApiApp } from './instance';
import { ProblemError } from './problems';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Remembers the routes that are added from now on; `done` then adds routes for the other methods of their addresses.
 * OPTIONS is left to CORS.
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
        const allow = METHODS.filter((method) => methods.has(method)).join(', ');
        app.route({
          method: others,
          url,
          schema: { hide: true },
          config: { access: 'open' },
          handler: (request, reply) => {
            void reply.header('allow', allow);
            throw new ProblemError(
              'wrong-method',
              `${request.method} is not allowed at this address; use ${allow}`,
            );
          },
        });
      }
    },
  };
}
