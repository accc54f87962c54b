// The consumers that store the topics of brokers: one kind for Kafka, one for MQTT. Each is there only when the settings name a broker.
import { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { type ConsumersConfig, scalesByLag } from '../../infra/core/settings/consumers';
import { hasKafkaPassword } from '../../infra/core/settings/streams';
import { kafkaEnvironment, mqttEnvironment } from '../../infra/core/stream-environment';
import { requiredVariable } from '../../infra/core/variables';
import type { AppProps } from '../app-pod';
import type { RolloutCheck } from '../rollout';
import { brokerFiles } from './broker-files';
import { addConsumer } from './consumer';
import { addConsumerNetwork } from './network';
import { addKafkaScaling } from './scaling';

/** Id of the construct of all consumers. */
export const CONSUMERS = 'consumers';

export function hasConsumers({ streams }: DeployConfig): boolean {
  return streams.kafkaBrokers.length > 0 || streams.mqttUrl !== '';
}

/**
 * Call it when `hasConsumers`.
 * @param after the check of the schema Job: a consumer needs its tables, and the database its password
 * @returns the checks of their rollouts
 */
export function addConsumers(stack: Construct, app: AppProps, after: RolloutCheck): readonly RolloutCheck[] {
  const scope = new Construct(stack, CONSUMERS);
  const { kafkaBrokers, mqttUrl } = app.config.streams;
  addConsumerNetwork(scope, app);
  return [
    ...(kafkaBrokers.length === 0 ? [] : [addKafkaConsumer(stack, scope, app, after)]),
    ...(mqttUrl === '' ? [] : addMqttConsumers(stack, scope, app, after)),
  ];
}

function addKafkaConsumer(stack: Construct, parent: Construct, app: AppProps, after: RolloutCheck) {
  const { streams, consumers } = app.config;
  const scope = new Construct(parent, 'kafka');
  const secrets = {
    password: hasKafkaPassword(streams)
      ? secretName(stack, 'kafka_secret', consumers.kafkaSecret, 'TSDB_DEPLOY_KAFKA_SECRET')
      : undefined,
    certificate: certificateOf(consumers.kafkaCertificate, consumers.kafkaSecret),
    authorities: consumers.kafkaCaSecret,
    registry:
      streams.schemaRegistryUsername === ''
        ? undefined
        : secretName(
            stack,
            'schema_registry_secret',
            consumers.schemaRegistrySecret,
            'TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET',
          ),
  };
  const files = brokerFiles(secrets);
  const { deployment, rollout } = addConsumer(scope, app, {
    broker: 'kafka',
    component: KAFKA_CONSUMER,
    env: kafkaEnvironment(streams, files.broker, files.registryPassword),
    files,
    replicas: consumers.kafkaReplicas,
    isScaled: scalesByLag(consumers),
    // Partitions move from pod to pod while a version replaces the other, and no record is stored twice.
    isAlone: false,
    identity: streams.kafkaSasl === 'azure' ? identityOf(stack, consumers) : undefined,
    after,
  });
  addKafkaScaling(scope, app, { component: KAFKA_CONSUMER, deployment, secrets });
  return rollout;
}

/** Component of the consumer of Kafka. */
export const KAFKA_CONSUMER = 'kafka-consumer';

/**
 * One Deployment of one pod for each consumer. The broker keeps the messages of a session under the id of its client, so each
 * consumer has an id that stays, and never two pods at once.
 */
function addMqttConsumers(stack: Construct, parent: Construct, app: AppProps, after: RolloutCheck) {
  const { config } = app;
  const { streams, consumers } = config;
  const password =
    streams.mqttUsername === ''
      ? undefined
      : secretName(stack, 'mqtt_secret', consumers.mqttSecret, 'TSDB_DEPLOY_MQTT_SECRET');
  const files = brokerFiles({
    password,
    certificate: certificateOf(consumers.mqttCertificate, consumers.mqttSecret),
    authorities: consumers.mqttCaSecret,
  });
  return Array.from({ length: consumers.mqttReplicas }, (_, index) => {
    const component = `mqtt-consumer-${index}`;
    return addConsumer(new Construct(parent, component), app, {
      broker: 'mqtt',
      component,
      env: {
        ...mqttEnvironment(streams, files.broker),
        TSDB_MQTT_CLIENT_ID: `${config.name}-${config.environment}-${index}`,
      },
      files,
      replicas: 1,
      isAlone: true,
      after,
    }).rollout;
  });
}

function certificateOf(keys: ConsumersConfig['kafkaCertificate'], secret: string) {
  return keys === 'none' ? undefined : { keys, secret };
}

function secretName(stack: Construct, id: string, value: string, setting: string): string {
  return requiredVariable(stack, id, {
    description: 'Secret in the namespace with the password.',
    value,
    pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$',
    errorMessage: `The user name in the settings needs a password. Set ${setting} to a Secret of the namespace that has the key password.`,
  });
}

function identityOf(stack: Construct, { kafkaIdentity }: ConsumersConfig): string {
  return requiredVariable(stack, 'kafka_identity', {
    description: 'Client id of the managed identity of the consumer.',
    value: kafkaIdentity,
    pattern: '^[0-9a-fA-F-]{36}$',
    errorMessage:
      'The consumer logs in to Kafka with an identity of Azure. Set TSDB_DEPLOY_KAFKA_IDENTITY to the client id of a managed identity.',
  });
}
