// Access control: keys, roles, rate limits and origins are checked before any route runs.
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { asks } from '../database/query';
import { type Access, type ApiApp, accessTo, clientOf } from '../http/instance';
import { ProblemError } from '../http/problems';
import type { RouteParts } from '../parts';
import { countAttempts } from './attempts';
import { checkKeys, type KeyCheck, type KnownKey } from './check';
import { allowOrigins } from './cors';
import { ROLES } from './keys';
import { onlyOwnPages } from './own-pages';
import { TooManyRequests } from './too-many-requests';

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined when no keys are needed. */
    keyCheck: KeyCheck | undefined;
  }
}

const MINUTE_MS = 60_000;
const FAILURES_A_MINUTE = 20;

/**
 * Guards every route that is added after it. With keys switched on, addresses below `/api/` and `/metrics` need a key of the
 * role that the route's `config.access` names; everything else (page, documents, probes) is open to everyone.
 */
export function accessControl(app: ApiApp, { config, database }: RouteParts): void {
  app.decorateRequest('keyId', '');
  if (config.corsOrigins.length > 0) allowOrigins(app, config.corsOrigins);
  if (config.auth === 'off') {
    app.decorate('keyCheck', undefined);
    onlyOwnPages(app, { config });
    return;
  }
  const check = checkKeys(asks(database.keys), countAttempts(FAILURES_A_MINUTE));
  app.decorate('keyCheck', check);
  app.register(rateLimit, { global: false });
  // After the plugins: CORS comes first, so that a page of an allowed origin can read that its key was refused.
  app.after(() => {
    const limit = app.rateLimit({
      max: config.rateLimit,
      timeWindow: MINUTE_MS,
      keyGenerator: clientOf,
      errorResponseBuilder: (_request, { max, ttl }) =>
        new TooManyRequests(`A key may send ${max} requests a minute; slow down`, Math.ceil(ttl / 1_000)),
    });
    app.addHook('onRequest', async (request, reply) => {
      const access = accessOf(request);
      if (access === 'open') return;
      const { id, role } = await keyOf(request, check);
      request.keyId = id;
      // Before the role is checked, so that requests that are refused for their role count, too.
      await limit.call(app, request, reply);
      requireRole(role, access);
    });
  });
}

function accessOf(request: FastifyRequest): Access {
  const { url, config } = request.routeOptions;
  // The text decides about an unknown address, so that a client without a key cannot learn which addresses exist below /api/.
  const address = url === undefined || url.includes('*') ? pathOf(request.url) : url;
  return accessTo(address, config?.access);
}

// The request target may be absolute (`GET http://host/path`) or percent-encoded; both forms reach the same routes.
function pathOf(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

async function keyOf(request: FastifyRequest, check: KeyCheck): Promise<KnownKey> {
  const text = keyTextOf(request);
  if (text === undefined || text === '') {
    throw new ProblemError(
      'key-missing',
      `Send a key as "Authorization: Bearer <key>" or "X-API-Key: <key>"; an administrator creates keys with "${invocation('keys create')}"`,
    );
  }
  return check.remembered(text) ?? (await check.check(text, request.ip));
}

/** The key that a request carries: as clients of this API send it, or as clients of InfluxDB send a token or a password. */
function keyTextOf({ headers, query, routeOptions }: FastifyRequest): string | undefined {
  const { authorization = '', 'x-api-key': header } = headers;
  const token = /^(?:Bearer|Token) +(\S.*)$/i.exec(authorization)?.[1];
  if (token !== undefined) return token;
  const basic = /^Basic +(\S+)$/i.exec(authorization)?.[1];
  if (basic !== undefined) return /^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString())?.[1];
  if (typeof header === 'string') return header;
  // Only where clients cannot send it in another way, because addresses are written to logs of proxies.
  if (routeOptions.config?.keyInQuery !== true) return undefined;
  const { p } = query as { readonly p?: unknown };
  return typeof p === 'string' ? p : undefined;
}

function requireRole(role: string, access: Exclude<Access, 'open'>): void {
  const rank = (name: string): number => (ROLES as readonly string[]).indexOf(name);
  if (rank(role) >= rank(access)) return;
  throw new ProblemError(
    'role-missing',
    `This request needs a key with role ${ROLES.slice(rank(access)).join(' or ')}; this key has role ${role}`,
  );
}
