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

/** A consumer with its server of health and metrics. */
export interface ServedConsumer {
  /** Of health and metrics, for people. */
  readonly address: string;
  readonly log: FastifyBaseLogger;
  /** Resolves when it has joined its group; it may wait for a broker without end. */
  readonly consumer: Promise<StreamConsumer>;
  /** Says that it stops, from now on. */
  announceStop(): void;
  close(): Promise<void>;
}

/** Starts the server, and then the consumer. */
export async function serveConsumer(
  config: StreamConfig,
  start: (process: ConsumerProcess) => Promise<StreamConsumer>,
): Promise<ServedConsumer> {
  const { host, port, logLevel } = config.api;
  const metrics = consumerMetrics();
  let troubles = (): readonly string[] => ['the consumer is starting'];
  const { app, listen } = streamServer({
    ...{ host, port, logLevel, registry: metrics.registry },
    troubles: () => troubles(),
  });
  const address = await listen();
  const consumer = start({ config, log: app.log, metrics }).then((started) => {
    troubles = () => started.troubles();
    return started;
  });
  return {
    address,
    log: app.log,
    consumer,
    announceStop: () => {
      troubles = () => ['the consumer is stopping'];
    },
    close: () => app.close(),
  };
}

/** Consumes until the signal. @throws why the consumer cannot go on. */
export async function runConsumer(
  config: StreamConfig,
  start: (process: ConsumerProcess) => Promise<StreamConsumer>,
  signal: AbortSignal,
): Promise<number> {
  const served = await serveConsumer(config, start);
  const { log } = served;
  try {
    note(`health and metrics: ${served.address}`);
    const consumer = await Promise.race([served.consumer, aborted(signal)]);
    if (consumer === undefined) return 0;
    const failure = await Promise.race([consumer.failed, aborted(signal)]);
    served.announceStop();
    log.info('stopping');
    await withinTime(STOP_MS, consumer.stop(), () =>
      log.warn('the broker or the database does not answer; what is not stored is read again'),
    );
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    // A library may leave a connection open, which would keep the process.
    setTimeout(() => process.exit(), EXIT_MS).unref();
    await served.close().catch((error: unknown) => note(messageOf(error)));
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
