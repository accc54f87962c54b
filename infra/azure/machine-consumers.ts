// The settings as the consumers of the machine want them.
import { addressOf } from '../core/address';
import type { DeployConfig } from '../core/config';
import type { BrokerFile } from '../core/settings/event-hubs';
import { hasKafkaPassword, type StreamsConfig } from '../core/settings/streams';
import { type BrokerFiles, kafkaEnvironment, mqttEnvironment } from '../core/stream-environment';
import { type Consumer, fileInContainer } from './machine/consumer';

/** One for Kafka when there are brokers, be they given or made, and one for MQTT when there is a broker. */
export function consumersOf(config: DeployConfig): readonly Consumer[] {
  const streams = streamsOf(config);
  return [
    ...(streams.kafkaBrokers.length > 0 ? [kafkaConsumer(config, streams)] : []),
    ...(streams.mqttUrl === '' ? [] : [mqttConsumer(config, streams)]),
  ];
}

/** Port of the Kafka endpoint of Event Hubs. */
export const EVENT_HUBS_PORT = 9093;

/**
 * Event Hubs take the place of other brokers, and the machine logs in with its identity. Letters go without transactions: of those
 * Microsoft says in one place that tier Premium has them as a preview, and in another that there are none.
 */
function streamsOf({ azure, streams }: DeployConfig): StreamsConfig {
  if (azure.eventHubs === 'none') return streams;
  return {
    ...streams,
    kafkaBrokers: [`event-hubs:${EVENT_HUBS_PORT}`],
    kafkaTls: true,
    kafkaSasl: 'azure',
    kafkaUsername: '',
    kafkaDeadLetters: streams.kafkaDeadLetters === 'database' ? 'database' : 'at-least-once',
  };
}

function kafkaConsumer({ azure, consumers }: DeployConfig, streams: StreamsConfig): Consumer {
  const { schemaRegistry, schemaRegistryUsername } = streams;
  const usesEventHubs = azure.eventHubs !== 'none';
  const secrets = {
    ...secretsOf('kafka', azure.brokerSecrets, hasKafkaPassword(streams)),
    ...(schemaRegistryUsername === '' ? {} : named('registry-password', azure.brokerSecrets)),
  };
  const registry = schemaRegistryUsername === '' ? undefined : fileInContainer('registry-password');
  return {
    kind: 'kafka',
    environment: kafkaEnvironment(streams, filesOf('kafka', secrets), registry),
    secrets,
    ports: [
      ...streams.kafkaBrokers.map((broker) => Number(broker.split(':')[1])),
      ...(schemaRegistry === '' ? [] : [addressOf(schemaRegistry).port]),
      // What brokers announce.
      ...consumers.ports.map(Number),
    ],
    hasIdentity: streams.kafkaSasl === 'azure',
    usesEventHubs,
  };
}

function mqttConsumer({ name, environment, azure }: DeployConfig, streams: StreamsConfig): Consumer {
  const secrets = secretsOf('mqtt', azure.brokerSecrets, streams.mqttUsername !== '');
  return {
    kind: 'mqtt',
    environment: {
      ...mqttEnvironment(streams, filesOf('mqtt', secrets)),
      // The broker keeps messages for this name while the machine is off. There is only one consumer, so it may have a fixed one.
      TSDB_MQTT_CLIENT_ID: `${name}-${environment}`,
    },
    secrets,
    ports: [addressOf(streams.mqttUrl).port],
    hasIdentity: false,
    usesEventHubs: false,
  };
}

type Secrets = Consumer['secrets'];
type Given = DeployConfig['azure']['brokerSecrets'];

/** A password is needed or not; the rest is there when it is given. */
function secretsOf(kind: 'kafka' | 'mqtt', given: Given, hasPassword: boolean): Secrets {
  const certificates = [`${kind}-ca`, `${kind}-cert`, `${kind}-key`] as const;
  return {
    ...(hasPassword ? named(`${kind}-password`, given) : {}),
    ...Object.fromEntries(certificates.flatMap((file) => (given[file] ? [[file, given[file]]] : []))),
  };
}

const named = (file: BrokerFile, given: Given): Secrets => ({ [file]: given[file] ?? file });

function filesOf(kind: 'kafka' | 'mqtt', secrets: Secrets): BrokerFiles {
  const path = (file: BrokerFile) => (secrets[file] === undefined ? undefined : fileInContainer(file));
  const [password, authorities] = [path(`${kind}-password`), path(`${kind}-ca`)];
  const [certificate, key] = [path(`${kind}-cert`), path(`${kind}-key`)];
  return {
    ...(password === undefined ? {} : { password }),
    ...(authorities === undefined ? {} : { authorities }),
    ...(certificate === undefined || key === undefined ? {} : { certificate: { certificate, key } }),
  };
}
