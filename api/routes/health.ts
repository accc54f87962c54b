// Probes: `live` = the process answers, `ready` = it can serve requests.
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { type ServerState, TROUBLES } from '../database/server-state';
import { problemOf } from '../failures';
import type { ApiApp } from '../http/instance';
import { plainRoute } from '../http/plain-route';
import { ProblemError, type ProblemName } from '../http/problems';
import { withinTime } from '../http/time-limit';
import type { RouteParts } from '../parts';

const READY_WITHIN_MS = 2_000;

const Status = Type.Object({ status: Type.String() });
const ReadStatus = Type.Object({
  status: Type.String(),
  writes: Type.String({ description: '`served`, or `refused`' }),
  reason: Type.Optional(Type.String({ description: 'Why writes are refused, and what to do' })),
});

/**
 * Adds `/health/live`, which never asks the database; `/health/ready`: reads and writes are served; and `/health/ready/reads`:
 * at least reads are, as on a hot standby.
 */
export function healthRoutes(app: ApiApp, { serverWatch, isShuttingDown }: RouteParts): void {
  const route = <Answer extends typeof Status | typeof ReadStatus>(
    operationId: string,
    summary: string,
    answer: Answer,
  ) => plainRoute({ tag: 'health', operationId, summary, answer, access: 'open' });

  app.get('/health/live', route('live', 'The process answers', Status), async (_request, reply) => {
    return uncached(reply, { status: 'live' });
  });

  app.get('/health/ready', route('ready', 'Requests can be served', Status), async (request, reply) => {
    const state = await readyToRead(request);
    for (const [problem, detail] of state.troubles) throw notReady(problem, detail);
    return uncached(reply, { status: 'ready' });
  });

  app.get(
    '/health/ready/reads',
    route('readyToRead', 'Requests that only read can be served', ReadStatus),
    async (request, reply) => {
      const [reason] = (await readyToRead(request)).troubles.values();
      return uncached(reply, {
        status: 'ready',
        ...(reason === undefined ? { writes: 'served' } : { writes: 'refused', reason }),
      });
    },
  );

  async function readyToRead(request: FastifyRequest): Promise<ServerState> {
    if (isShuttingDown()) throw new ProblemError('not-ready', 'This server is shutting down');
    const state = await withinTime(READY_WITHIN_MS, serverWatch.state(), tooSlow).catch((error: unknown) => {
      const { problem, detail } = problemOf(error, request);
      throw notReady(problem, detail, error);
    });
    for (const [problem, detail] of state.troubles)
      if (TROUBLES[problem] === 'reads and writes') throw notReady(problem, detail);
    if (state.missing.length > 0) {
      const list = state.missing.map((name) => name.replaceAll('"', '')).join(', ');
      throw notReady('schema-missing', `The database has no ${list}; run "${invocation('apply')}"`);
    }
    return state;
  }
}

/** `reason` is the problem that a request would be answered with. */
const notReady = (reason: ProblemName, detail: string, cause?: unknown): ProblemError =>
  new ProblemError('not-ready', detail, { cause, members: { reason } });

function uncached<T>(reply: FastifyReply, answer: T): T {
  void reply.header('cache-control', 'no-store');
  return answer;
}

function tooSlow(): never {
  throw new ProblemError(
    'database-timeout',
    `The database did not answer within ${READY_WITHIN_MS / 1_000} s`,
  );
}
