// A consumer as a process: its server of health and metrics, and its end.
import type { FastifyBaseLogger } from 'fastify';
import { withinTime } from '../../api/http/time-limit';
import { messageOf } from '../../db/core/errors';
import { note } from '../output';
import type { StreamConsumer } from './consumer';
import type { StreamConfig } from './stream-config';
import { type ConsumerMetrics, consumerMetrics } from './stream-metrics';
import { streamServer } from './stream-server';

/** What a consumer is started with. */
export interface ConsumerProcess {
  readonly config: StreamConfig;
  readonly log: FastifyBaseLogger;
  readonly metrics: ConsumerMetrics;
}

/** Consumes until the signal. @throws why the consumer cannot go on. */
export async function runConsumer(
  config: StreamConfig,
  start: (process: ConsumerProcess) => Promise<StreamConsumer>,
  signal: AbortSignal,
): Promise<number> {
  const { host, port, logLevel } = config.api;
  const metrics = consumerMetrics();
  let troubles = (): readonly string[] => ['the consumer is starting'];
  const server = streamServer({
    ...{ host, port, logLevel, registry: metrics.registry },
    troubles: () => troubles(),
  });
  const { log } = server.app;
  try {
    note(`health and metrics: ${await server.listen()}`);
    // It may wait for a broker without end.
    const consumer = await Promise.race([start({ config, log, metrics }), aborted(signal)]);
    if (consumer === undefined) return 0;
    troubles = () => consumer.troubles();
    const failure = await Promise.race([consumer.failed, aborted(signal)]);
    troubles = () => ['the consumer is stopping'];
    log.info('stopping');
    await withinTime(STOP_MS, consumer.stop(), () =>
      log.warn('the broker or the database does not answer; what is not stored is read again'),
    );
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    // A library may leave a connection open, which would keep the process.
    setTimeout(() => process.exit(), EXIT_MS).unref();
    await server.app.close().catch((error: unknown) => note(messageOf(error)));
  }
}

/** Longest wait for a broker or a database that is away. Nothing is lost: what is not stored is delivered again. */
const STOP_MS = 15_000;

/** After everything has stopped, the process ends by itself, and after this time in any case. */
const EXIT_MS = 1_000;

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
