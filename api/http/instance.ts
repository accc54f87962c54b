// The Fastify instance that routes are added to: schemas are TypeBox, so handlers know their types; each route says who may use it.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ProblemName } from './problems';

/** Fastify with typed schemas. */
export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Who may use a route: everyone (`open`), or clients whose key has at least this role. */
export type Access = 'open' | 'read' | 'write' | 'admin';

/** Who may use an address, by what its route says. Without a route, the text of the address decides. */
export function accessTo(address: string, declared: Access | undefined): Access {
  if (declared !== undefined) return declared;
  return address.startsWith('/api/') || address === '/metrics' ? 'read' : 'open';
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent = `read`. */
    access?: Access;
    /** The key may be the query parameter `p`, as clients of InfluxDB 1 send it. */
    keyInQuery?: boolean;
  }
  interface FastifyRequest {
    /** Id of the key; see `clientOf`. */
    keyId: string;
    /** The problem that it was answered with. */
    problem?: ProblemName;
  }
}

/** Who sent a request: the id of the key, or `''` when no key is needed. */
export function clientOf(request: FastifyRequest): string {
  return request.keyId;
}
