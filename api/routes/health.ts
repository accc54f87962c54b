// Probes: `live` = the process answers, `ready` = it can serve requests.
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { relation } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import { query } from '../database/query';
import { problemOf } from '../failures';
import type { ApiApp } from '../http/instance';
import { plainRoute } from '../http/plain-route';
import { ProblemError } from '../http/problems';
import { withinTime } from '../http/time-limit';
import type { RouteParts } from '../parts';

const READY_WITHIN_MS = 2_000;
const SHARED_MS = 500;

const Status = Type.Object({ status: Type.String() });

/** Adds `/health/live`, which never asks the database, and `/health/ready`. */
export function healthRoutes(app: ApiApp, { database, config, isShuttingDown }: RouteParts): void {
  const options = (operationId: string, summary: string) =>
    plainRoute({ tag: 'health', operationId, summary, answer: Status, access: 'open' });
  const names = relationsOf(config.desired);

  app.get('/health/live', options('live', 'The process answers'), async (_request, reply) =>
    answer(reply, 'live'),
  );

  // Requests at the same time share one query, so that clients cannot flood the single connection of the probe.
  const readMissing = sharedFor(SHARED_MS, () => query<{ name: string }>(database.probe, MISSING, [names]));

  app.get('/health/ready', options('ready', 'Requests can be served'), async (request, reply) => {
    if (isShuttingDown()) throw new ProblemError('not-ready', 'This server is shutting down');
    const missing = await withinTime(READY_WITHIN_MS, readMissing(), tooSlow).catch((error: unknown) => {
      throw new ProblemError('not-ready', problemOf(error, request).detail, { cause: error });
    });
    if (missing.length > 0) {
      const list = missing.map(({ name }) => name.replaceAll('"', '')).join(', ');
      throw new ProblemError('not-ready', `The database has no ${list}; run "${invocation('apply')}"`);
    }
    return answer(reply, 'ready');
  });
}

const MISSING = 'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name';

const relationsOf = ({ tables, hypertables, aggregates }: Desired): readonly string[] =>
  [...tables, ...hypertables, ...aggregates].map(relation);

function answer(reply: FastifyReply, status: string): { status: string } {
  void reply.header('cache-control', 'no-store');
  return { status };
}

/** Shares the result of the work: with everyone who asks while it runs, and if it succeeds for `ms` after its start. */
function sharedFor<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let shared: { readonly until: number; readonly result: Promise<T> } | undefined;
  const forgetFailure = (result: Promise<T>): Promise<T> => {
    // After a failure the next request asks again, so that a recovered database is ready at once.
    result.catch(() => {
      shared = undefined;
    });
    return result;
  };
  return () => {
    if (shared === undefined || performance.now() >= shared.until)
      shared = { until: performance.now() + ms, result: forgetFailure(work()) };
    return shared.result;
  };
}

function tooSlow(): never {
  throw new ProblemError('not-ready', `The database did not answer within ${READY_WITHIN_MS / 1_000} s`);
}
