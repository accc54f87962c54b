import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

const KAFKA = { TSDB_DEPLOY_KAFKA_BROKERS: 'kafka-0.example.org:9093, kafka-1:9093' };
const PLAIN = { ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'plain', TSDB_DEPLOY_KAFKA_USERNAME: '$ConnectionString' };

describe('the settings of the consumers in a cluster', () => {
  it.each([
    [
      { TSDB_DEPLOY_KAFKA_CONSUMERS: '4', TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '3' },
      /at least TSDB_DEPLOY_KAFKA_CONSUMERS, which is 4, got "3"/,
    ],
    [
      { ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'azure', TSDB_DEPLOY_KAFKA_MAX_CONSUMERS: '3' },
      /KEDA cannot read the lag/,
    ],
    [{ TSDB_DEPLOY_MQTT_CONSUMERS: '2' }, /2 times over; set TSDB_DEPLOY_MQTT_SHARE/],
    [
      { ...KAFKA, TSDB_DEPLOY_KAFKA_SECRET: 'ingest' },
      /KAFKA_SECRET has no effect without TSDB_DEPLOY_KAFKA_SASL/,
    ],
    [
      { TSDB_DEPLOY_MQTT_URL: 'mqtt://broker', TSDB_DEPLOY_MQTT_CA_SECRET: 'ca' },
      /a TSDB_DEPLOY_MQTT_URL of mqtts or wss/,
    ],
    [{ TSDB_DEPLOY_MQTT_SECRET: 'login' }, /MQTT_SECRET has no effect without TSDB_DEPLOY_MQTT_USERNAME/],
    [{ TSDB_DEPLOY_KAFKA_CERTIFICATE: 'user' }, /set TSDB_DEPLOY_KAFKA_SECRET/],
    [
      { ...KAFKA, TSDB_DEPLOY_KAFKA_TLS: 'false', TSDB_DEPLOY_KAFKA_CA_SECRET: 'ca' },
      /belong to connections with TLS/,
    ],
    [{ TSDB_DEPLOY_MQTT_CERTIFICATE: 'tls' }, /set TSDB_DEPLOY_MQTT_SECRET/],
    [{ TSDB_DEPLOY_STREAM_CIDRS: '169.254.169.254/32' }, /the identity of a node/],
    [{ TSDB_DEPLOY_STREAM_PORTS: 'kafka' }, /port numbers such as 9094/],
  ])('may not be %j', (env, fault) => expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]));

  it('count their connections to the database', () => {
    const pods = { TSDB_DEPLOY_API_MAX_REPLICAS: '10' };
    const many = { ...KAFKA, TSDB_DEPLOY_KAFKA_CONSUMERS: '12' };
    expect(faultsOf(pods)).toEqual([]);
    expect(faultsOf({ ...pods, TSDB_DEPLOY_KAFKA_CONSUMERS: '12' })).toEqual([]);
    expect(faultsOf({ ...pods, ...many })).toEqual([
      expect.stringMatching(/take fewer pods or consumers of streams, which hold 78, or/),
    ]);
  });
});

describe('the settings of the consumers', () => {
  it('name no broker by default', () => {
    expect(readConfig({}).streams).toMatchObject({ kafkaBrokers: [], mqttUrl: '', kafkaTls: true });
  });

  it('list the brokers', () => {
    expect(readConfig(KAFKA).streams.kafkaBrokers).toEqual(['kafka-0.example.org:9093', 'kafka-1:9093']);
  });

  it.each([
    PLAIN,
    { ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'azure' },
    { ...PLAIN, TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-512', TSDB_DEPLOY_KAFKA_TLS: 'false' },
    { TSDB_DEPLOY_MQTT_URL: 'wss://broker.example.org/mqtt', TSDB_DEPLOY_MQTT_USERNAME: 'plant' },
    { TSDB_DEPLOY_MQTT_URL: 'mqtt://broker' },
  ])('may be %j', (env) => expect(faultsOf(env)).toEqual([]));

  it.each([
    [{ TSDB_DEPLOY_KAFKA_BROKERS: 'kafka.example.org' }, /brokers such as kafka.example.org:9093/],
    [{ TSDB_DEPLOY_KAFKA_BROKERS: `\${path.cwd}:9093` }, /brokers such as/],
    [{ TSDB_DEPLOY_KAFKA_SASL: 'azure' }, /set TSDB_DEPLOY_KAFKA_BROKERS too/],
    [{ ...PLAIN, TSDB_DEPLOY_KAFKA_TLS: 'false' }, /plain without TLS/],
    [{ ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'azure', TSDB_DEPLOY_KAFKA_TLS: 'false' }, /azure without TLS/],
    [{ ...KAFKA, TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-256' }, /needs TSDB_DEPLOY_KAFKA_USERNAME/],
    [{ ...KAFKA, TSDB_DEPLOY_KAFKA_USERNAME: 'plant' }, /is for TSDB_DEPLOY_KAFKA_SASL=plain/],
    [{ ...PLAIN, TSDB_DEPLOY_KAFKA_USERNAME: `\${path.cwd}` }, /a user name without spaces/],
    [{ TSDB_DEPLOY_MQTT_URL: 'mqtts://me:secret@broker' }, /an address such as mqtts:/],
    [{ TSDB_DEPLOY_MQTT_URL: 'mqtt://broker', TSDB_DEPLOY_MQTT_USERNAME: 'plant' }, /in clear text/],
    [
      {
        TSDB_DEPLOY_SCHEMA_REGISTRY: 'http://registry',
        TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'plant',
      },
      /needs a TSDB_DEPLOY_SCHEMA_REGISTRY of https/,
    ],
  ])('may not be %j', (env, fault) => expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]));
});
