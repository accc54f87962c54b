// The settings of the consumers of Kafka and MQTT in a cluster, besides those that the machine has as well (streams.ts).
import { METADATA_SERVICE } from '../networks';
import { list, networks, oneOf, optional, resourceName, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';
import { CONSUMER_POOLS, hasKafkaPassword, type StreamsConfig } from './streams';

/** Keys of a certificate and of its private key in a Secret, by who has made it. */
export const CERTIFICATE_KEYS = {
  tls: { certificate: 'tls.crt', key: 'tls.key' },
  user: { certificate: 'user.crt', key: 'user.key' },
} as const;

const CERTIFICATES = ['none', 'tls', 'user'] as const;

export const CONSUMER_SETTINGS = {
  kafkaReplicas: {
    name: 'TSDB_DEPLOY_KAFKA_CONSUMERS',
    default: '1',
    meaning: 'number of consumers of Kafka; those beyond the partitions of the topics have nothing to do',
    parse: wholeNumber(1, 100),
  },
  /** 0, or at least `kafkaReplicas`. */
  kafkaMaxReplicas: {
    name: 'TSDB_DEPLOY_KAFKA_MAX_CONSUMERS',
    default: '0',
    meaning:
      'maximum number of consumers of Kafka under load, for which the operator KEDA must be installed; 0 = their number stays',
    parse: wholeNumber(0, 100),
  },
  kafkaLag: {
    name: 'TSDB_DEPLOY_KAFKA_LAG',
    default: '50000',
    meaning: 'number of waiting records for each consumer of Kafka, above which KEDA adds one',
    parse: wholeNumber(1, 1_000_000_000),
  },
  kafkaSecret: {
    name: 'TSDB_DEPLOY_KAFKA_SECRET',
    meaning:
      'Secret in the namespace with the login to Kafka: key `password`, or the keys of a client certificate; also that of a `KafkaUser`',
    parse: resourceName('a Secret'),
  },
  kafkaCertificate: {
    name: 'TSDB_DEPLOY_KAFKA_CERTIFICATE',
    default: 'none',
    meaning:
      'client certificate in that Secret: `tls` = keys `tls.crt` and `tls.key`, `user` = `user.crt` and `user.key` of a `KafkaUser`',
    parse: oneOf(CERTIFICATES),
  },
  kafkaCaSecret: {
    name: 'TSDB_DEPLOY_KAFKA_CA_SECRET',
    meaning:
      'Secret in the namespace whose key `ca.crt` the certificates of the brokers are checked with; empty = the authorities of the image',
    parse: resourceName('a Secret'),
  },
  /** Client id. */
  kafkaIdentity: {
    name: 'TSDB_DEPLOY_KAFKA_IDENTITY',
    meaning:
      'client id of the managed identity for `TSDB_DEPLOY_KAFKA_SASL=azure`, with a federated credential for `system:serviceaccount:<name>:<name>-kafka-consumer`',
    parse: optional(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'the client id of a managed identity'),
  },
  schemaRegistrySecret: {
    name: 'TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET',
    meaning: 'Secret in the namespace with the `password` for the schema registry',
    parse: resourceName('a Secret'),
  },
  mqttReplicas: {
    name: 'TSDB_DEPLOY_MQTT_CONSUMERS',
    default: '1',
    meaning: 'number of consumers of MQTT; several need `TSDB_DEPLOY_MQTT_SHARE`',
    parse: wholeNumber(1, 20),
  },
  mqttSecret: {
    name: 'TSDB_DEPLOY_MQTT_SECRET',
    meaning:
      'Secret in the namespace with the login to the MQTT broker: key `password`, or the keys of a client certificate',
    parse: resourceName('a Secret'),
  },
  mqttCertificate: {
    name: 'TSDB_DEPLOY_MQTT_CERTIFICATE',
    default: 'none',
    meaning: 'client certificate in that Secret, as for `TSDB_DEPLOY_KAFKA_CERTIFICATE`',
    parse: oneOf(CERTIFICATES),
  },
  mqttCaSecret: {
    name: 'TSDB_DEPLOY_MQTT_CA_SECRET',
    meaning:
      'Secret in the namespace whose key `ca.crt` the certificate of the MQTT broker is checked with; empty = the authorities of the image',
    parse: resourceName('a Secret'),
  },
  cidrs: {
    name: 'TSDB_DEPLOY_STREAM_CIDRS',
    meaning:
      'comma-separated IPv4 networks of brokers and registries outside the cluster, which the consumers may reach; those inside are known by their names',
    parse: networks,
  },
  ports: {
    name: 'TSDB_DEPLOY_STREAM_PORTS',
    meaning:
      'comma-separated further ports there: those that the brokers announce, or that their pods have behind a service',
    parse: list(/^([1-9]\d{0,4})$/, 'port numbers such as 9094'),
  },
} as const satisfies SettingTable;

export type ConsumersConfig = ValuesOf<typeof CONSUMER_SETTINGS>;

/** Connections that all consumers hold together at most: during a rollout there is one pod more of each kind. */
export function consumerConnections(consumers: ConsumersConfig, streams: StreamsConfig): number {
  const kafka = streams.kafkaBrokers.length === 0 ? 0 : mostKafkaConsumers(consumers) + 1;
  const mqtt = streams.mqttUrl === '' ? 0 : consumers.mqttReplicas;
  return (kafka + mqtt) * (CONSUMER_POOLS.read + CONSUMER_POOLS.write);
}

/** Whether lag decides the number of consumers of Kafka. */
export function scalesByLag({ kafkaMaxReplicas }: ConsumersConfig): boolean {
  return kafkaMaxReplicas > 0;
}

export function mostKafkaConsumers({ kafkaReplicas, kafkaMaxReplicas }: ConsumersConfig): number {
  return Math.max(kafkaReplicas, kafkaMaxReplicas);
}

/**
 * Checks the settings against each other. What only this stack needs of the settings of the brokers is checked by Terraform,
 * because a machine may use those without any of these.
 */
export function checkConsumers(consumers: ConsumersConfig, streams: StreamsConfig, fault: Fault): void {
  const { kafkaReplicas, kafkaMaxReplicas, mqttReplicas, cidrs } = consumers;
  if (cidrs.includes(`${METADATA_SERVICE}/32`))
    fault(
      `TSDB_DEPLOY_STREAM_CIDRS names ${METADATA_SERVICE}, where clouds hand out the identity of a node; take it away`,
    );
  if (scalesByLag(consumers) && kafkaMaxReplicas < kafkaReplicas)
    fault(
      `TSDB_DEPLOY_KAFKA_MAX_CONSUMERS must be 0, or at least TSDB_DEPLOY_KAFKA_CONSUMERS, which is ${kafkaReplicas}, got "${kafkaMaxReplicas}"`,
    );
  if (scalesByLag(consumers) && streams.kafkaSasl === 'azure')
    fault(
      'TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: KEDA cannot read the lag of a Kafka with TSDB_DEPLOY_KAFKA_SASL=azure; set TSDB_DEPLOY_KAFKA_CONSUMERS instead, or log in with a password',
    );
  if (mqttReplicas > 1 && streams.mqttShare === '')
    fault(
      `TSDB_DEPLOY_MQTT_CONSUMERS=${mqttReplicas} would store each message ${mqttReplicas} times over; set TSDB_DEPLOY_MQTT_SHARE, so that they share the messages`,
    );
  for (const [setting, value, isUsed, need] of loginsOf(consumers, streams))
    if (value !== '' && !isUsed)
      fault(`${setting} has no effect without ${need}; set that too, or take it away`);
  if (!streams.kafkaTls && (consumers.kafkaCertificate !== 'none' || consumers.kafkaCaSecret !== ''))
    fault(
      'TSDB_DEPLOY_KAFKA_CERTIFICATE and _CA_SECRET belong to connections with TLS; leave TSDB_DEPLOY_KAFKA_TLS at true, or take them away',
    );
  if (consumers.kafkaCertificate !== 'none' && consumers.kafkaSecret === '')
    fault(
      'TSDB_DEPLOY_KAFKA_CERTIFICATE needs the Secret that has the certificate; set TSDB_DEPLOY_KAFKA_SECRET',
    );
  const isOpenMqtt = /^(mqtt|ws):/.test(streams.mqttUrl);
  if (isOpenMqtt && (consumers.mqttCertificate !== 'none' || consumers.mqttCaSecret !== ''))
    fault(
      'TSDB_DEPLOY_MQTT_CERTIFICATE and _CA_SECRET belong to connections with TLS; set a TSDB_DEPLOY_MQTT_URL of mqtts or wss, or take them away',
    );
  if (consumers.mqttCertificate !== 'none' && consumers.mqttSecret === '')
    fault(
      'TSDB_DEPLOY_MQTT_CERTIFICATE needs the Secret that has the certificate; set TSDB_DEPLOY_MQTT_SECRET',
    );
}

/** What belongs to a login, whether that login is used, and what would use it. */
function loginsOf(consumers: ConsumersConfig, streams: StreamsConfig) {
  const { kafkaSecret, kafkaCertificate, kafkaIdentity, schemaRegistrySecret, mqttSecret, mqttCertificate } =
    consumers;
  return [
    [
      'TSDB_DEPLOY_KAFKA_SECRET',
      kafkaSecret,
      hasKafkaPassword(streams) || kafkaCertificate !== 'none',
      'TSDB_DEPLOY_KAFKA_SASL=plain or scram-…, or TSDB_DEPLOY_KAFKA_CERTIFICATE',
    ],
    [
      'TSDB_DEPLOY_KAFKA_IDENTITY',
      kafkaIdentity,
      streams.kafkaSasl === 'azure',
      'TSDB_DEPLOY_KAFKA_SASL=azure',
    ],
    [
      'TSDB_DEPLOY_SCHEMA_REGISTRY_SECRET',
      schemaRegistrySecret,
      streams.schemaRegistryUsername !== '',
      'TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME',
    ],
    [
      'TSDB_DEPLOY_MQTT_SECRET',
      mqttSecret,
      streams.mqttUsername !== '' || mqttCertificate !== 'none',
      'TSDB_DEPLOY_MQTT_USERNAME or TSDB_DEPLOY_MQTT_CERTIFICATE',
    ],
  ] as const;
}
