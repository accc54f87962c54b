// The running API: listens, and stops without dropping a request.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UsageError } from '../db/core/errors';
import { onStopSignal } from '../db/core/stop-signals';
import { hasKeys } from './access/routes';
import { buildApp } from './app';
import type { ApiConfig } from './config';
import { openDatabase } from './database/database';
import { logOptions } from './http/log';
import { withinTime } from './http/time-limit';

/** A server that listens. */
export interface RunningServer {
  /** Address for people and clients, e.g. `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Stops the server: readiness fails, requests in progress are answered, connections end. Repeated calls wait for the same stop. */
  close(): Promise<void>;
  /** Resolves when the server has stopped, for whatever reason. */
  readonly closed: Promise<void>;
}

/** How the server behaves as a process. */
export interface ServerOptions {
  /** Whether stop signals stop the server; a program with its own handlers passes 'ignore'. */
  readonly signals?: 'handle' | 'ignore';
  /** How long readiness fails before the port closes, so that load balancers notice first. */
  readonly announceMs?: number;
  /** Longest wait for requests in progress. */
  readonly drainMs?: number;
}

/**
 * Starts the API. The database need not be reachable yet: `/health/ready` says when it is.
 * @throws UsageError when the address cannot be listened on, or keys are demanded and there is no table for them.
 */
export async function startServer(config: ApiConfig, options: ServerOptions = {}): Promise<RunningServer> {
  const { signals = 'handle', announceMs = 2_000, drainMs = 10_000 } = options;
  requireKeyTable(config);
  let shuttingDown = false;
  const database = openDatabase(
    config,
    (error) => app.log.warn({ reason: messageOf(error) }, 'an idle database connection ended'),
    ({ standby, reason }) =>
      reason === undefined
        ? app.log.info({ standby }, 'a standby answers reads')
        : app.log.warn({ standby, reason }, 'a standby does not answer reads'),
  );
  // Standard output is for data; the log goes to standard error.
  const logger = logOptions(config.logLevel, process.stderr);
  const app = buildApp({ database, config, logger, isShuttingDown: () => shuttingDown });
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await Promise.allSettled([app.close(), database.end()]);
    throw listenError(error, config);
  }

  let finish: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let ignoreSignals: () => void = () => undefined;
  const stop = async (waitMs: number): Promise<void> => {
    if (shuttingDown) return closed;
    shuttingDown = true;
    ignoreSignals();
    app.log.info('stopping');
    await sleep(waitMs);
    // Closing ends only connections that are idle now; connections with a last request become idle later.
    const sweep = setInterval(() => app.server.closeIdleConnections(), 50);
    await withinTime(drainMs, settled(app.close()), () => app.server.closeAllConnections());
    clearInterval(sweep);
    await withinTime(1_000, settled(database.end()), () => undefined);
    finish();
  };
  if (signals === 'handle') {
    // Ctrl-C comes from a person at a keyboard: there is no load balancer that must notice first.
    ignoreSignals = onStopSignal((signal) => void stop(signal === 'SIGINT' ? 0 : announceMs));
  }

  return { url: urlOf(config.host, app.server.address()), close: () => stop(0), closed };
}

function requireKeyTable({ auth, desired, host }: ApiConfig): void {
  if (auth === 'off' || hasKeys(desired)) return;
  throw new UsageError(
    `requests need a key (TSDB_API_AUTH is "keys", or "auto" and HOST ${host} can be reached from other machines), but the set that holds keys is not selected; add "service" to TSDB_SCHEMAS and apply it, or set TSDB_API_AUTH=off if something else protects this server`,
  );
}

/** A failure while stopping must not keep the rest from being stopped. */
const settled = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).catch(() => undefined);

function listenError(error: unknown, { host, port }: ApiConfig): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use; stop the other program or set PORT to a free port`,
    EACCES: `port ${port} may not be used by this user; set PORT to 1024 or higher`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; set HOST to 127.0.0.1 or 0.0.0.0`,
    ENOTFOUND: `the host name ${host} is unknown; set HOST to 127.0.0.1 or 0.0.0.0`,
  };
  const reason = reasons[code];
  return reason === undefined ? error : new UsageError(reason, { cause: error });
}

function urlOf(host: string, address: ReturnType<import('node:net').Server['address']>): string {
  const port = typeof address === 'object' && address ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
