// Lets a request choose that the primary answers, and says in the answer which server did.
import type { FastifyRequest } from 'fastify';
import type { ApiApp } from '../http/instance';
import { ProblemError } from '../http/problems';
import { inContext, PRIMARY, type ReadContext } from './reads';

/** The header of a request that wants to see its own writes: `primary`. */
export const READ_FROM = 'x-tsdb-read';
/** The header of an answer: `primary`, or `host:port` of the standby whose rows it has. */
export const ANSWERED_BY = 'x-tsdb-answered-by';

/** Gives each request a context for its reads. */
export function sayWhoAnswered(app: ApiApp): void {
  const contexts = new WeakMap<FastifyRequest, ReadContext>();
  app.addHook('onRequest', (request, _reply, done) => {
    const wanted = request.headers[READ_FROM];
    if (wanted !== undefined && wanted !== PRIMARY)
      throw new ProblemError(
        'invalid-request',
        `The header ${READ_FROM} can only be "${PRIMARY}"; without it, a standby may answer`,
      );
    const context: ReadContext = { primaryOnly: wanted === PRIMARY };
    contexts.set(request, context);
    inContext(context, done);
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    const by = contexts.get(request)?.answeredBy;
    if (by !== undefined) void reply.header(ANSWERED_BY, by);
    done();
  });
}
