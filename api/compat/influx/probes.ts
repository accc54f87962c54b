// What clients of InfluxDB and QuestDB ask before they write.
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { NoQuery } from '../../http/common-schemas';
import type { ApiApp } from '../../http/instance';
import { refuseOtherMethods } from '../../http/methods';
import { ProblemError, problemResponses } from '../../http/problems';

/** Adds the routes. */
export function probes(app: ApiApp): void {
  const open = { access: 'open' } as const;
  const pong = async (_request: unknown, reply: FastifyReply) =>
    reply.code(204).headers({ 'x-influxdb-version': 'tsdb', 'x-influxdb-build': 'tsdb' }).send(null);
  app.head('/ping', { config: open, schema: { hide: true } }, pong);
  app.get(
    '/ping',
    {
      config: open,
      schema: {
        tags: ['clients'],
        operationId: 'influx-ping',
        summary: 'Tells clients of InfluxDB that the server is there',
        response: { 204: Type.Null({ description: 'It is there' }), ...problemResponses },
      },
    },
    pong,
  );
  app.get(
    '/health',
    {
      config: open,
      schema: {
        tags: ['clients'],
        operationId: 'influx-health',
        summary:
          'Tells clients of InfluxDB 2 that the server is there; /health/ready knows about the database',
        querystring: NoQuery,
        response: {
          200: Type.Object({ name: Type.String(), message: Type.String(), status: Type.Literal('pass') }),
          ...problemResponses,
        },
      },
    },
    async () => ({ name: 'tsdb', message: 'ready for writes', status: 'pass' as const }),
  );
  app.get(
    '/settings',
    {
      config: open,
      schema: {
        tags: ['clients'],
        operationId: 'questdb-settings',
        summary: 'Tells clients of QuestDB which versions of the line protocol are taken: the textual one',
        querystring: NoQuery,
        response: {
          200: Type.Object({
            config: Type.Object({
              'line.proto.support.versions': Type.Array(Type.Integer()),
              'ilp.proto.transports': Type.Array(Type.String()),
            }),
          }),
          ...problemResponses,
        },
      },
    },
    async () => ({
      config: { 'line.proto.support.versions': [1], 'ilp.proto.transports': ['http'] },
    }),
  );
  app.register(async (plain) => queries(plain.withTypeProvider<TypeBoxTypeProvider>()));
}

const Statement = Type.Optional(Type.String({ maxLength: 1_000, examples: ['CREATE DATABASE "telegraf"'] }));

/** The statement of a request is in its address, or in a form as Telegraf sends it. */
function queries(api: ApiApp): void {
  // The client of InfluxDB 1 for Python says that its empty body is JSON.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'string' }, async (_: unknown, form: string | Buffer) =>
    Object.fromEntries(new URLSearchParams(String(form))),
  );
  const methods = refuseOtherMethods(api);
  api.post(
    '/query',
    {
      config: { access: 'write', keyInQuery: true },
      schema: {
        tags: ['clients'],
        operationId: 'influx-1-query',
        summary:
          'Answers CREATE DATABASE, which clients of InfluxDB 1 send before they write; nothing is created',
        querystring: Type.Object({
          q: Statement,
          u: Type.Optional(Type.String()),
          p: Type.Optional(Type.String()),
        }),
        body: {
          content: { 'application/x-www-form-urlencoded': { schema: Type.Object({ q: Statement }) } },
        },
        response: {
          200: Type.Object({ results: Type.Array(Type.Object({ statement_id: Type.Integer() })) }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      const q = request.query.q ?? (request.body as { readonly q?: string } | null | undefined)?.q ?? '';
      if (/^\s*CREATE\s+DATABASE\b/i.test(q)) return { results: [{ statement_id: 0 }] };
      throw new ProblemError(
        'invalid-request',
        'This server takes line protocol but does not answer InfluxQL; read with /api/series or with SQL',
        { members: { error: 'this server does not answer InfluxQL' } },
      );
    },
  );
  methods.done();
}
