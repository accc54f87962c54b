// tsdb consume kafka: the process that stores the messages of topics.
import { messageOf } from '../../db/core/errors';
import { processEnvironment } from '../../db/server/config';
import { note } from '../output';
import { consumeKafka } from '../streams/consume-kafka';
import { readKafkaConfig } from '../streams/kafka/config';
import { readStreamConfig } from '../streams/stream-config';
import { consumerMetrics } from '../streams/stream-metrics';
import { streamServer } from '../streams/stream-server';

export interface ConsumeFlags {
  /** Only these topics; empty = every declared one. */
  readonly topic: readonly string[];
}

/** Consumes until the signal. Exit code 1 when it cannot go on. */
export async function consumeKafkaTopics({ topic }: ConsumeFlags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const config = readStreamConfig(env);
  const kafka = readKafkaConfig(env);
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
    const consumer = await consumeKafka({ config, kafka, topics: topic, log, metrics });
    troubles = consumer.troubles;
    const failure = await Promise.race([consumer.failed, aborted(signal)]);
    troubles = () => ['the consumer is stopping'];
    log.info('stopping');
    const isStopped = await Promise.race([consumer.stop().then(() => true), passed(STOP_MS)]);
    if (!isStopped) log.warn('the broker or the database does not answer; what is not stored is read again');
    if (failure !== undefined) throw failure;
    return 0;
  } finally {
    // The library may leave a connection open, which would keep the process.
    setTimeout(() => process.exit(), EXIT_MS).unref();
    await server.app.close().catch((error: unknown) => note(messageOf(error)));
  }
}

/** Longest wait for a broker or a database that is away. Nothing is lost: the position is in the database. */
const STOP_MS = 10_000;

/** After everything has stopped, the process ends by itself, and after this time in any case. */
const EXIT_MS = 1_000;

const passed = (ms: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref();
  });

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
