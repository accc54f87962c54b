// Who may do what: keys, roles, rates and origins, checked before any route runs.
import type { FastifyRequest } from 'fastify';
import type { ApiApp } from '../instance';
import type { RouteParts } from '../parts';

/** What a route demands: `open` to everyone, or a key of at least this role. */
export type Access = 'open' | 'read' | 'write' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent = `read`. */
    access?: Access;
  }
}

/** Guards every route that is added after it. */
export function accessControl(_app: ApiApp, _parts: RouteParts): void {}

/** Who sent a request: the id of the key, or `''` when no key is needed. */
export function clientOf(_request: FastifyRequest): string {
  return '';
}
