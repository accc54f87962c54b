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
