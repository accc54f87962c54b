// Health and metrics of a consumer over HTTP.
import { type FastifyInstance, fastify, LogController } from 'fastify';
import { Registry } from 'prom-client';
import { type LogLevel, logOptions } from '../../api/http/log';
import { UsageError } from '../../db/core/errors';

export interface StreamServerOptions {
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly registry: Registry;
  /** Why records are not stored at the moment; empty = ready. */
  readonly troubles: () => readonly string[];
}

/** A server of health and metrics; `app.log` is the log of the process. */
export interface StreamServer {
  readonly app: FastifyInstance;
  listen(): Promise<string>;
}

/** Creates the server: `/health/live`, `/health/ready` and `/metrics`. */
export function streamServer({
  host,
  port,
  logLevel,
  registry,
  troubles,
}: StreamServerOptions): StreamServer {
  const app = fastify({
    logger: logOptions(logLevel, process.stderr),
    // Probes come every few seconds and would hide the other lines.
    logController: new LogController({ disableRequestLogging: true }),
  });
  app.get('/health/live', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
    return { status: 'live' };
  });
  app.get('/health/ready', async (_request, reply) => {
    const reasons = troubles();
    void reply.header('cache-control', 'no-store').code(reasons.length === 0 ? 200 : 503);
    return reasons.length === 0 ? { status: 'ready' } : { status: 'not-ready', reasons };
  });
  app.get('/metrics', async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(Registry.PROMETHEUS_CONTENT_TYPE)
      .send(await registry.metrics()),
  );
  return {
    app,
    listen: async () => {
      try {
        return await app.listen({ host, port });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EADDRINUSE') throw error;
        throw new UsageError(
          `port ${port} on ${host} is in use; set TSDB_STREAM_PORT to a free port (0 selects one)`,
          { cause: error },
        );
      }
    },
  };
}
