// What the consumers of Kafka and MQTT read from their environment in a deployment, besides what every `tsdb` command reads.
import { API_ROLES } from './logins';
import { STREAM_PORT } from './names';
import { CONSUMER_POOLS, hasKafkaPassword, type StreamsConfig } from './settings/streams';

type Variables = Readonly<Record<string, string>>;

/** Where the container finds what it shows a broker or trusts it by. What is left out is not used. */
export interface BrokerFiles {
  readonly password?: string;
  /** Authorities that the certificate of the broker is checked with; those of the image when it is left out. */
  readonly authorities?: string;
  /** Own certificate and its key, both in PEM. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

/** For `tsdb consume kafka`; only when `kafkaBrokers` names some. */
export function kafkaEnvironment(
  streams: StreamsConfig,
  broker: BrokerFiles,
  registryPassword?: string,
): Variables {
  const { kafkaBrokers, kafkaGroup, kafkaTls, kafkaSasl, kafkaUsername, kafkaDeadLetters } = streams;
  const { schemaRegistry, schemaRegistryUsername } = streams;
  return {
    ...consumerEnvironment(streams),
    TSDB_KAFKA_BROKERS: kafkaBrokers.join(','),
    TSDB_KAFKA_GROUP: kafkaGroup,
    TSDB_KAFKA_TLS: kafkaTls ? 'on' : 'off',
    TSDB_KAFKA_SASL: kafkaSasl,
    TSDB_KAFKA_DEAD_LETTERS: kafkaDeadLetters,
    ...(hasKafkaPassword(streams) ? { TSDB_KAFKA_USERNAME: kafkaUsername } : {}),
    ...files('TSDB_KAFKA', broker),
    ...given('TSDB_SCHEMA_REGISTRY', schemaRegistry),
    ...given('TSDB_SCHEMA_REGISTRY_USERNAME', schemaRegistryUsername),
    ...given('TSDB_SCHEMA_REGISTRY_PASSWORD_FILE', registryPassword),
  };
}

/**
 * For `tsdb consume mqtt`; only when `mqttUrl` names a broker. `TSDB_MQTT_CLIENT_ID` is missing: the broker keeps the
 * messages for a consumer under it, so each consumer needs one of its own that stays.
 */
export function mqttEnvironment(streams: StreamsConfig, broker: BrokerFiles): Variables {
  return {
    ...consumerEnvironment(streams),
    TSDB_MQTT_URL: streams.mqttUrl,
    TSDB_MQTT_VERSION: streams.mqttVersion,
    ...given('TSDB_MQTT_SHARE', streams.mqttShare),
    ...given('TSDB_MQTT_USERNAME', streams.mqttUsername),
    ...files('TSDB_MQTT', broker),
  };
}

function consumerEnvironment({ batchRows, batchMs }: StreamsConfig): Variables {
  return {
    // Health and metrics listen on loopback by default, which nothing outside the container could reach.
    HOST: '0.0.0.0',
    TSDB_STREAM_PORT: String(STREAM_PORT),
    TSDB_STREAM_BATCH_ROWS: String(batchRows),
    TSDB_STREAM_BATCH_MS: String(batchMs),
    TSDB_POOL_SIZE: String(CONSUMER_POOLS.read),
    TSDB_READ_ROLE: API_ROLES.read,
    TSDB_WRITE_POOL_SIZE: String(CONSUMER_POOLS.write),
    TSDB_WRITE_ROLE: API_ROLES.write,
  };
}

function files(prefix: string, { password, authorities, certificate }: BrokerFiles): Variables {
  return {
    ...given(`${prefix}_PASSWORD_FILE`, password),
    ...given(`${prefix}_CA_FILE`, authorities),
    ...given(`${prefix}_CERT_FILE`, certificate?.certificate),
    ...given(`${prefix}_KEY_FILE`, certificate?.key),
  };
}

function given(name: string, value: string | undefined): Variables {
  return value === undefined || value === '' ? {} : { [name]: value };
}
