// A consumer as a process: its server of health and metrics, and its end.
import type { FastifyBaseLogger } from 'fastify';
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
    const consumer = await start({ config, log, metrics });
    troubles = () => consumer.troubles();
    const failure = await Promise.race([consumer.failed, aborted(signal)]);
    troubles = () => ['the consumer is stopping'];
    log.info('stopping');
    await consumer.stop();
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    await server.app.close().catch((error: unknown) => note(messageOf(error)));
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
