// Assembles the API: plugins, routes, errors. Never listens; server.ts does.
import accepts from '@fastify/accepts';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { accessControl } from './access/control';
import { keyRoutes } from './access/routes';
import { alertRoutes } from './alerts/routes';
import { compatRoutes } from './compat/routes';
import type { ApiConfig } from './config';
import { sayWhoAnswered } from './database/answered-by';
import { watchFreshness } from './database/freshness';
import { watchServer } from './database/server-state';
import { seriesTables } from './database/tables';
import { problemOf } from './failures';
import { shareLargeAnswers } from './http/answer-share';
import { answerBrokenRequest, refuseConnect } from './http/broken-request';
import { entityTags } from './http/etag';
import type { ApiApp } from './http/instance';
import { hideKeys } from './http/key-text';
import { type RequestLog, requestIdOf, requestLog } from './http/log';
import { refuseOtherMethods, rememberMethods, wrongMethod } from './http/methods';
import { openApi } from './http/openapi';
import { PROBLEM_MEDIA_TYPE, ProblemError } from './http/problems';
import { securityHeaders } from './http/security';
import { validatorCompiler } from './http/validators';
import { ingestRoutes } from './ingest/routes';
import { operationRoutes } from './operations/routes';
import type { RouteParts, ServedConfig } from './parts';
import { healthRoutes } from './routes/health';
import { metrics } from './routes/metrics';
import { pageRoutes } from './routes/page';
import { readingRoutes } from './sensors/reading-routes';
import { sensorRoutes } from './sensors/sensor-routes';
import { createStore } from './sensors/store';
import { seriesRoutes } from './series/routes';
import { explainOverflow } from './series/stored-overflow';

/** What the API is made of. */
export interface AppParts extends Pick<RouteParts, 'database'> {
  readonly config: ServedConfig & Pick<ApiConfig, 'ingestGroupRows'>;
  readonly logger?: FastifyServerOptions['logger'];
  /** While true, `/health/ready` fails, so that no new work is sent while the server drains. */
  readonly isShuttingDown?: () => boolean;
}

/** Builds the API; `inject` requests or hand it to `startServer`. */
export function buildApp({ logger = false, ...given }: AppParts): ApiApp {
  const { database, config, isShuttingDown = () => false } = given;
  const parts: RouteParts = {
    database,
    config,
    isShuttingDown,
    tables: seriesTables(config.desired),
    freshness: watchFreshness(database, config.desired.aggregates),
    serverWatch: watchServer(database, config.desired),
  };
  const log = requestLog();
  const sendProblem = problemSender(log, parts);
  const app: ApiApp = fastify({
    logger,
    requestIdHeader: false,
    genReqId: requestIdOf,
    // One line per answer is logged below, instead of Fastify's two.
    logController: new LogController({ disableRequestLogging: true }),
    // Routes that take rows allow more.
    bodyLimit: 65_536,
    // An overlong id must give 400, not 404.
    routerOptions: { maxParamLength: 16_384 },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    // While draining, requests on open connections are still answered, with `connection: close`.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply.headers(securityHeaders)),
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(validatorCompiler());
  rememberMethods(app);
  app.server.on('connect', refuseConnect);

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    // Otherwise a client that keeps its connection would send its next request to this server.
    if (isShuttingDown()) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', log.response);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      wrongMethod(request) ??
        new ProblemError(
          'unknown-route',
          `There is no ${request.method} at this address; see /docs or /openapi.json for the API`,
        ),
      request,
      reply,
    ),
  );

  app.register(accepts);
  shareLargeAnswers(app, largeAnswerLimits(database.reader.options.max));
  sayWhoAnswered(app);
  database.reads.standbys.start();
  entityTags(app);
  // Plugins that observe routes are registered before the routes; the routes are in a plugin of their own, which loads after them.
  openApi(app, config.auth);
  metrics(app, parts);
  accessControl(app, parts);
  app.register(async (plain) => {
    const api = plain.withTypeProvider<TypeBoxTypeProvider>();
    const methods = refuseOtherMethods(api);
    healthRoutes(api, parts);
    if (servesSensors(parts)) {
      const store = createStore(database);
      sensorRoutes(api, parts, store);
      readingRoutes(api, parts, store);
    }
    seriesRoutes(api, parts);
    compatRoutes(api, ingestRoutes(api, { ...parts, groupRows: config.ingestGroupRows }));
    alertRoutes(api, parts);
    operationRoutes(api, parts);
    keyRoutes(api, parts);
    pageRoutes(api);
    methods.done();
  });
  return app;
}

/** Two large answers keep this process busy: while one waits for the database, the other is written out. More would take more memory. */
const largeAnswerLimits = (connections: number) => ({
  places: Math.max(1, Math.min(2, Math.floor(connections / 2))),
  waiting: 50,
  waitMs: 30_000,
  heldBytes: 32 * 1_024 * 1_024,
});

/** Whether the selected sets have the readings that `/api/sensors` is about. */
const servesSensors = ({ tables }: RouteParts): boolean => tables.has('sensor_data');

const problemSender = (log: RequestLog, parts: RouteParts) => {
  const sendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error, request);
    if (problem.problem === 'stored-overflow' && problem !== error) {
      void explainOverflow(parts, request, problem).then((named) => sendProblem(named, request, reply));
      return;
    }
    log.problem(problem, request);
    request.problem = problem.problem;
    if (problem.problem === 'database-full') parts.serverWatch.noteFull(problem.detail);
    void reply
      .code(problem.status)
      .headers({ ...problem.headers(), 'cache-control': 'no-store' })
      .type(PROBLEM_MEDIA_TYPE)
      .send(problem.toDocument(hideKeys(request.url)));
  };
  return sendProblem;
};
