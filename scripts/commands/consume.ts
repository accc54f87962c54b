// tsdb consume: the processes that store the messages of brokers.
import { processEnvironment } from '../../db/server/config';
import { consumeKafka } from '../streams/consume-kafka';
import { consumeMqtt } from '../streams/consume-mqtt';
import { runConsumer } from '../streams/consumer-process';
import { readKafkaConfig } from '../streams/kafka/config';
import { readMqttConfig } from '../streams/mqtt/config';
import { readStreamConfig } from '../streams/stream-config';

export interface ConsumeFlags {
  /** Only these topics; empty = every declared one. */
  readonly topic: readonly string[];
}

/** Consumes until the signal. Exit code 1 when it cannot go on. */
export async function consumeKafkaTopics({ topic }: ConsumeFlags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const kafka = readKafkaConfig(env);
  return runConsumer(
    readStreamConfig(env),
    (process) => consumeKafka({ ...process, kafka, topics: topic }),
    signal,
  );
}

/** As for Kafka; a topic is a declared pattern. */
export async function consumeMqttTopics({ topic }: ConsumeFlags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const config = readStreamConfig(env);
  const mqtt = readMqttConfig(env, config.batch.rows);
  return runConsumer(config, (process) => consumeMqtt({ ...process, mqtt, topics: topic }), signal);
}
