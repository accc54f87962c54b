// Assembles the API: routes, errors, headers. Never listens; server.ts does.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Pool } from 'pg';
import { answerBrokenRequest } from './broken-request';
import type { ApiConfig } from './config';
import { problemOf } from './failures';
import type { ApiApp } from './instance';
import { PROBLEM_MEDIA_TYPE, ProblemError } from './problems';
import { healthRoutes } from './routes/health';
import { pageRoutes } from './routes/page';
import { sensorRoutes } from './routes/sensors';
import { seriesRoutes } from './routes/series';
import { securityHeaders } from './security';
import { createStore } from './store';

/** What the API is made of. */
export interface AppParts {
  readonly pool: Pool;
  readonly config: Pick<ApiConfig, 'maxRows'>;
  readonly logger?: FastifyServerOptions['logger'];
  /** Turns `/health/ready` red, so that no new work is sent while the server drains. */
  readonly isShuttingDown?: () => boolean;
}

/** Builds the API; `inject` requests or hand it to `startServer`. */
export function buildApp({ pool, config, logger = false, isShuttingDown = () => false }: AppParts): ApiApp {
  const app: ApiApp = fastify({
    logger,
    // One line per answer is logged below, instead of Fastify's two.
    logController: new LogController({ disableRequestLogging: true }),
    // No route takes a body.
    bodyLimit: 1_024,
    // An overlong sensor id shall be told so (400), not that there is no such address; Node limits the whole head to 16 KiB.
    routerOptions: { maxParamLength: 16_384 },
    // Fastify would silently drop unknown parameters.
    ajv: { customOptions: { removeAdditional: false } },
    // While draining, requests on open connections are still answered, with `connection: close`.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply.headers(securityHeaders)),
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders);
    // A client that keeps its connection would keep coming back here.
    if (isShuttingDown()) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', logResponse);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      new ProblemError(
        'unknown-route',
        `${request.method} is not served here; the sensors are listed at GET /api/sensors`,
      ),
      request,
      reply,
    ),
  );

  const store = createStore(pool);
  healthRoutes(app, store, isShuttingDown);
  sensorRoutes(app, store, config.maxRows);
  seriesRoutes(app, store, config.maxRows);
  pageRoutes(app);
  return app;
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request);
  if (problem.problem === 'internal') request.log.error({ err: problem.cause }, 'unexpected failure');
  else if (problem.status >= 500) {
    request.log.warn(problem.cause ? { err: problem.cause } : { detail: problem.detail }, problem.problem);
  }
  void reply
    .code(problem.status)
    .headers({ ...problem.headers(), 'cache-control': 'no-store' })
    .type(PROBLEM_MEDIA_TYPE)
    .send(problem.toDocument(request.url));
}

function logResponse(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const line = {
    method: request.method,
    url: request.url,
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
  };
  // Probes come every few seconds and would bury the rest.
  if (request.url.startsWith('/health/')) request.log.debug(line);
  else request.log.info(line);
  done();
}
