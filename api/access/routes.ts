// Keys over HTTP: administrators create, list and revoke them.
import { Type } from '@fastify/type-provider-typebox';
import type { QueryResultRow } from 'pg';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import { apiKeys } from '../../db/schema/service';
import { asking } from '../../db/server/ask';
import { asks } from '../database/query';
import { onWriteConnection } from '../database/write-connection';
import { NoQuery, nullableTime } from '../http/common-schemas';
import type { ApiApp } from '../http/instance';
import { KEY_ID_PATTERN } from '../http/key-text';
import { plainRoute } from '../http/plain-route';
import { ProblemError, problemResponses } from '../http/problems';
import type { RouteParts } from '../parts';
import { createKey, listKeys, ROLES, revokeKey } from './keys';

const RoleName = Type.Unsafe<(typeof ROLES)[number]>({
  type: 'string',
  enum: [...ROLES],
  description: 'What the key may do; each role includes the ones before it',
});
const Time = Type.String({ format: 'date-time' });

const shown = {
  id: Type.String({
    description: 'Identifies the key in lists and logs; not secret',
    pattern: KEY_ID_PATTERN,
  }),
  name: Type.String(),
  role: RoleName,
  created_at: Time,
  expires_at: nullableTime('null = the key does not expire'),
};

const NewKeyBody = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
      description: 'Says to people whose key it is',
    }),
    role: RoleName,
    expires_in_days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650 })),
  },
  { additionalProperties: false },
);

const CreatedKeyBody = Type.Object({
  ...shown,
  key: Type.String({ description: 'The key itself; it is shown once and never stored' }),
});

const KeyList = Type.Object({
  count: Type.Integer(),
  keys: Type.Array(Type.Object({ ...shown, revoked_at: nullableTime('null = the key was not revoked') })),
});

/** Whether the selected sets have the table of keys. */
export const hasKeys = ({ tables }: Desired): boolean =>
  tables.some((table) => nameOf(table) === nameOf(apiKeys));

/** Adds the routes. */
export function keyRoutes(app: ApiApp, { database, config }: RouteParts): void {
  if (!hasKeys(config.desired)) return;
  const read = asks(database.keys);
  // Not repeated after a lost connection, because the statement may have been carried out.
  const write = <Row extends QueryResultRow>(sql: string, values: readonly unknown[]) =>
    onWriteConnection(database.keys, (db) => asking(db)<Row>(sql, values));
  const shared = { tags: ['access'], querystring: NoQuery };
  const admin = { access: 'admin' } as const;

  app.post(
    '/api/keys',
    {
      schema: {
        ...shared,
        operationId: 'createKey',
        summary: 'Create a key',
        body: NewKeyBody,
        response: { 201: CreatedKeyBody, ...problemResponses },
      },
      config: admin,
    },
    async ({ body: { name, role, expires_in_days: expiresInDays } }, reply) => {
      const created = await createKey(write, { name, role, expiresInDays });
      return reply.code(201).header('cache-control', 'no-store').send(created);
    },
  );

  app.get(
    '/api/keys',
    plainRoute({
      tag: 'access',
      operationId: 'listKeys',
      summary: 'All keys, without their secrets',
      answer: KeyList,
      access: 'admin',
    }),
    async (_request, reply) => {
      const keys = await listKeys(read);
      return reply.header('cache-control', 'no-store').send({ count: keys.length, keys: [...keys] });
    },
  );

  app.delete(
    '/api/keys/:key',
    {
      schema: {
        ...shared,
        operationId: 'revokeKey',
        summary: 'Revoke a key permanently: every server refuses it within ten seconds',
        params: Type.Object({ key: Type.String({ pattern: KEY_ID_PATTERN, description: 'Id of the key' }) }),
        response: { 204: Type.Null({ description: 'The key is revoked' }), ...problemResponses },
      },
      config: admin,
    },
    async ({ params: { key } }, reply) => {
      if (!(await revokeKey(write, key)))
        throw new ProblemError('unknown-object', `There is no key ${key}; GET /api/keys lists them`);
      app.keyCheck?.forget(key);
      return reply.code(204).header('cache-control', 'no-store').send(null);
    },
  );
}
