// The consumer of Kafka beside the running platform: `npm start -- --kafka`.
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import type { Desired } from '../../db/language/desired';
import { consumeKafka } from '../streams/consume-kafka';
import { serveConsumer } from '../streams/consumer-process';
import { declaredStreams } from '../streams/declared-streams';
import { type KafkaConfig, readKafkaConfig } from '../streams/kafka/config';
import { readStreamConfig } from '../streams/stream-config';
import type { Background } from './background';

/** A consumer that runs. */
export interface PlatformConsumer extends Background {
  /** Topics, brokers and the address of its health, for people. */
  readonly describe: string;
  /** Resolves with the reason when it cannot go on. */
  readonly failed: Promise<Error>;
}

/**
 * Checks, before anything is started, that there is something to consume.
 * @throws UsageError with the way out when no broker is named or no selected set declares a stream of Kafka.
 */
export function requireStreams(env: Environment, desired: Desired): void {
  if (!env.TSDB_KAFKA_BROKERS)
    throw new UsageError(
      '--kafka needs a broker: set TSDB_KAFKA_BROKERS=host:port, or start without --kafka; docs/streams.md says how to run one',
    );
  readKafkaConfig(env);
  declaredStreams(desired, 'kafka');
}

/**
 * Starts the consumer of every declared topic, with its health and metrics on TSDB_STREAM_PORT.
 * @param env names the database of the platform.
 */
export async function startPlatformConsumer(env: Environment): Promise<PlatformConsumer> {
  const config = readStreamConfig({ ...env, LOG_LEVEL: env.LOG_LEVEL || 'warn' });
  const kafka = readKafkaConfig(env);
  const served = await serveConsumer(config, (process) => consumeKafka({ ...process, kafka }));
  try {
    const consumer = await served.consumer;
    return {
      describe: describe(config.api.desired, kafka, served.address),
      failed: consumer.failed,
      stop: async () => {
        served.announceStop();
        await consumer.stop();
        await served.close();
      },
    };
  } catch (error) {
    await served.close();
    throw error;
  }
}

function describe(desired: Desired, { brokers }: KafkaConfig, address: string): string {
  const topics = declaredStreams(desired, 'kafka').map(({ stream }) => stream.topic);
  return `${topics.join(', ')} of ${brokers.join(', ')}; health ${address}/health/ready`;
}
