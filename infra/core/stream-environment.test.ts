import { settings as apiSettings } from '../../api/config';
import { dbSettings } from '../../db/server/config';
import { kafkaSettings } from '../../scripts/streams/kafka/config';
import { mqttSettings } from '../../scripts/streams/mqtt/config';
import { streamSettings } from '../../scripts/streams/stream-config';
import { readConfig } from './config';
import { kafkaEnvironment, mqttEnvironment } from './stream-environment';

const streamsOf = (env: Record<string, string>) => readConfig(env).streams;
const KAFKA = { TSDB_DEPLOY_KAFKA_BROKERS: 'a:9093,b:9093' };

describe('the environment of a consumer', () => {
  it('has no name that the consumer does not read', () => {
    const common = [...dbSettings, ...apiSettings, ...streamSettings];
    const read = [...common, ...kafkaSettings, ...mqttSettings].map(({ name }) => name);
    const login = { TSDB_DEPLOY_KAFKA_SASL: 'plain', TSDB_DEPLOY_KAFKA_USERNAME: 'ingest' };
    const files = { password: '/p', authorities: '/ca', certificate: { certificate: '/c', key: '/k' } };
    const mqtt = {
      TSDB_DEPLOY_MQTT_URL: 'mqtts://broker',
      TSDB_DEPLOY_MQTT_USERNAME: 'ingest',
      TSDB_DEPLOY_MQTT_SHARE: 'ingest',
    };
    const given = [
      ...Object.keys(kafkaEnvironment(streamsOf({ ...KAFKA, ...login }), files)),
      ...Object.keys(mqttEnvironment(streamsOf(mqtt), files)),
    ];
    expect(given.filter((name) => !read.includes(name))).toEqual([]);
  });

  it('names the brokers of Kafka, and nothing that is not used', () => {
    expect(kafkaEnvironment(streamsOf(KAFKA), {})).toEqual({
      HOST: '0.0.0.0',
      TSDB_STREAM_PORT: '5001',
      TSDB_STREAM_BATCH_ROWS: '5000',
      TSDB_STREAM_BATCH_MS: '1000',
      TSDB_POOL_SIZE: '2',
      TSDB_READ_ROLE: 'tsdb_reader',
      TSDB_WRITE_POOL_SIZE: '4',
      TSDB_WRITE_ROLE: 'tsdb_api',
      TSDB_KAFKA_BROKERS: 'a:9093,b:9093',
      TSDB_KAFKA_GROUP: 'timescale-ingest',
      TSDB_KAFKA_TLS: 'on',
      TSDB_KAFKA_SASL: 'none',
      TSDB_KAFKA_DEAD_LETTERS: 'exactly-once',
    });
  });

  it('says where passwords, authorities and certificates are', () => {
    const streams = streamsOf({
      ...KAFKA,
      TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-512',
      TSDB_DEPLOY_KAFKA_USERNAME: 'ingest',
      TSDB_DEPLOY_SCHEMA_REGISTRY: 'https://registry',
      TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'reader',
    });
    const files = { password: '/p', authorities: '/ca', certificate: { certificate: '/c', key: '/k' } };
    expect(kafkaEnvironment(streams, files, '/r')).toMatchObject({
      TSDB_KAFKA_USERNAME: 'ingest',
      TSDB_KAFKA_PASSWORD_FILE: '/p',
      TSDB_KAFKA_CA_FILE: '/ca',
      TSDB_KAFKA_CERT_FILE: '/c',
      TSDB_KAFKA_KEY_FILE: '/k',
      TSDB_SCHEMA_REGISTRY: 'https://registry',
      TSDB_SCHEMA_REGISTRY_USERNAME: 'reader',
      TSDB_SCHEMA_REGISTRY_PASSWORD_FILE: '/r',
    });
  });

  it('names the broker of MQTT', () => {
    const streams = streamsOf({ TSDB_DEPLOY_MQTT_URL: 'mqtts://broker', TSDB_DEPLOY_MQTT_SHARE: 'ingest' });
    expect(mqttEnvironment(streams, { password: '/p' })).toMatchObject({
      TSDB_STREAM_PORT: '5001',
      TSDB_MQTT_URL: 'mqtts://broker',
      TSDB_MQTT_VERSION: '5',
      TSDB_MQTT_SHARE: 'ingest',
      TSDB_MQTT_PASSWORD_FILE: '/p',
    });
  });
});
