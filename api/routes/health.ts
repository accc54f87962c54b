// Probes: `live` = the process answers, `ready` = it can serve.
import { Type } from '@fastify/type-provider-typebox';
import { problemOf } from '../failures';
import type { ApiApp } from '../instance';
import { ProblemError, problemResponses } from '../problems';
import { NoQuery } from '../schemas';
import type { Store } from '../store';

const READY_WITHIN_MS = 2_000;

const Status = Type.Object({ status: Type.String() });

/** Adds `/health/live` (never asks the database) and `/health/ready`. */
export function healthRoutes(app: ApiApp, store: Store, isShuttingDown: () => boolean): void {
  const schema = { querystring: NoQuery, response: { 200: Status, ...problemResponses } };

  app.get('/health/live', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'live' };
  });

  app.get('/health/ready', { schema }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (isShuttingDown()) throw new ProblemError('not-ready', 'This server is shutting down');
    const missing = await withinTime(store.missingRelations()).catch((error: unknown) => {
      throw new ProblemError('not-ready', problemOf(error, request).detail, { cause: error });
    });
    if (missing.length > 0) {
      throw new ProblemError('not-ready', `The database has no ${missing.join(', ')}; run "tsdb apply"`);
    }
    return { status: 'ready' };
  });
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const problem = new ProblemError(
      'not-ready',
      `The database did not answer within ${READY_WITHIN_MS / 1_000} s`,
    );
    timer = setTimeout(() => reject(problem), READY_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
