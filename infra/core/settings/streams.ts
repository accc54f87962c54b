// The settings of the consumers of Kafka and MQTT, for the machine and for the cluster. They are there only when a broker is named.
import { flag, list, matching, oneOf, optional, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

const HOST = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*';

// No template of Terraform fits, although the user name of Azure Event Hubs is "$ConnectionString".
const userName = optional(/^[\w.$@=,+/-]+$/, 'a user name without spaces');

export const STREAM_SETTINGS = {
  /** Empty for no consumer of Kafka. */
  kafkaBrokers: {
    name: 'TSDB_DEPLOY_KAFKA_BROKERS',
    meaning:
      'comma-separated brokers of Kafka, `host:port`, whose declared topics a consumer stores; empty = no such consumer',
    parse: list(new RegExp(`^${HOST}:\\d{1,5}$`, 'i'), 'brokers such as kafka.example.org:9093'),
  },
  kafkaGroup: {
    name: 'TSDB_DEPLOY_KAFKA_GROUP',
    default: 'timescale-ingest',
    meaning: 'consumer group; a different group stores every topic again from its start',
    parse: matching(/^[\w.-]{1,200}$/, '1 to 200 letters, digits, dots, hyphens and underscores'),
  },
  kafkaTls: {
    name: 'TSDB_DEPLOY_KAFKA_TLS',
    default: 'true',
    meaning: '"false" = the brokers are reached without TLS, so that data can be read on the way',
    parse: flag,
  },
  kafkaSasl: {
    name: 'TSDB_DEPLOY_KAFKA_SASL',
    default: 'none',
    meaning:
      'how the consumer logs in to the brokers: `none` (also with a client certificate), `plain`, `scram-sha-256`, `scram-sha-512`, or `azure` = with its Azure identity',
    parse: oneOf(['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'azure']),
  },
  kafkaUsername: {
    name: 'TSDB_DEPLOY_KAFKA_USERNAME',
    meaning: 'user name for `plain` and `scram-…`',
    parse: userName,
  },
  kafkaDeadLetters: {
    name: 'TSDB_DEPLOY_KAFKA_DEAD_LETTERS',
    default: 'exactly-once',
    meaning:
      'how rejected records get into `<topic>.dlq`: `exactly-once` with transactions of Kafka, `at-least-once` without, `database` = they are only in the database',
    parse: oneOf(['exactly-once', 'at-least-once', 'database']),
  },
  schemaRegistry: {
    name: 'TSDB_DEPLOY_SCHEMA_REGISTRY',
    meaning: 'address of the schema registry for Avro and Protobuf: `https://registry.example.org`',
    parse: optional(
      new RegExp(`^https?://${HOST}(:\\d{1,5})?(/[\\w./-]*)?$`, 'i'),
      'an address such as https://registry.example.org',
    ),
  },
  schemaRegistryUsername: {
    name: 'TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME',
    meaning: 'user name at the schema registry; empty = it asks for none',
    parse: userName,
  },
  /** Empty for no consumer of MQTT. */
  mqttUrl: {
    name: 'TSDB_DEPLOY_MQTT_URL',
    meaning:
      'address of the MQTT broker whose declared topics a consumer stores: `mqtts://broker.example.org:8883`; empty = no such consumer',
    parse: optional(
      new RegExp(`^(mqtts?|wss?)://${HOST}(:\\d{1,5})?(/[\\w./-]*)?$`, 'i'),
      'an address such as mqtts://broker.example.org:8883',
    ),
  },
  mqttUsername: {
    name: 'TSDB_DEPLOY_MQTT_USERNAME',
    meaning: 'user name at the MQTT broker; empty = it asks for none',
    parse: userName,
  },
  mqttShare: {
    name: 'TSDB_DEPLOY_MQTT_SHARE',
    meaning:
      'name of the shared subscription, which spreads the messages over several consumers; empty = one consumer gets all of them',
    parse: optional(/^[\w.-]{1,64}$/, 'letters, digits, dots, hyphens and underscores'),
  },
  mqttVersion: {
    name: 'TSDB_DEPLOY_MQTT_VERSION',
    default: '5',
    meaning: 'version of MQTT: 5, or 4 for version 3.1.1',
    parse: oneOf(['5', '4']),
  },
  batchRows: {
    name: 'TSDB_DEPLOY_STREAM_BATCH_ROWS',
    default: '5000',
    meaning: 'maximum number of records that a consumer stores in one transaction',
    parse: wholeNumber(1, 100_000),
  },
  batchMs: {
    name: 'TSDB_DEPLOY_STREAM_BATCH_MS',
    default: '1000',
    meaning: 'maximum time that a record waits for others in a consumer, in milliseconds',
    parse: wholeNumber(1, 600_000),
  },
} as const satisfies SettingTable;

export type StreamsConfig = ValuesOf<typeof STREAM_SETTINGS>;

/** Connections of one consumer to the database: it writes with the second number, and only checks itself with the first. */
export const CONSUMER_POOLS = { read: 2, write: 4 } as const;

/** Whether the consumer of Kafka logs in with a password. */
export function hasKafkaPassword({ kafkaSasl }: StreamsConfig): boolean {
  return kafkaSasl !== 'none' && kafkaSasl !== 'azure';
}

/** Checks the settings against each other. */
export function checkStreams(streams: StreamsConfig, fault: Fault): void {
  const { kafkaSasl, kafkaTls, kafkaUsername, schemaRegistry, schemaRegistryUsername } = streams;
  const { mqttUrl, mqttUsername } = streams;
  if (streams.kafkaBrokers.length === 0 && (kafkaSasl !== 'none' || kafkaUsername !== ''))
    fault(
      'TSDB_DEPLOY_KAFKA_SASL and _USERNAME belong to a consumer of Kafka; set TSDB_DEPLOY_KAFKA_BROKERS too, or take them away',
    );
  if ((kafkaSasl === 'plain' || kafkaSasl === 'azure') && !kafkaTls)
    fault(
      `TSDB_DEPLOY_KAFKA_SASL=${kafkaSasl} without TLS would send a password or a token in clear text; leave TSDB_DEPLOY_KAFKA_TLS at true`,
    );
  if (hasKafkaPassword(streams) && kafkaUsername === '')
    fault(`TSDB_DEPLOY_KAFKA_SASL=${kafkaSasl} needs TSDB_DEPLOY_KAFKA_USERNAME`);
  if (!hasKafkaPassword(streams) && kafkaUsername !== '')
    fault(
      'TSDB_DEPLOY_KAFKA_USERNAME is for TSDB_DEPLOY_KAFKA_SASL=plain or scram-…; set that too, or take it away',
    );
  if (schemaRegistryUsername !== '' && !schemaRegistry.startsWith('https:'))
    fault(
      'TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME needs a TSDB_DEPLOY_SCHEMA_REGISTRY of https: a password would be sent in clear text',
    );
  if (mqttUsername !== '' && !/^(mqtts|wss):/.test(mqttUrl))
    fault(
      'TSDB_DEPLOY_MQTT_USERNAME needs a TSDB_DEPLOY_MQTT_URL of mqtts or wss: a password would be sent in clear text',
    );
}
