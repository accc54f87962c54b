import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

const STANDARD = { TSDB_DEPLOY_EVENT_HUBS: 'standard' };
const PREMIUM = { TSDB_DEPLOY_EVENT_HUBS: 'premium' };
const topics = (count: number) => Array.from({ length: count }, (_, at) => `plant.topic-${at}`).join(',');

describe('the settings of Event Hubs', () => {
  it('are the three topics of the sample by default, and no Event Hubs', () => {
    expect(readConfig({})).toMatchObject({
      azure: { eventHubs: 'none' },
      kafka: { topics: ['bss.customer.metrics', 'bss.order.metrics', 'bss.payment.metrics'] },
    });
    for (const tier of [STANDARD, PREMIUM]) expect(faultsOf(tier)).toEqual([]);
  });

  it.each([
    ['no topic', { ...STANDARD, TSDB_DEPLOY_KAFKA_TOPICS: 'none' }, /needs TSDB_DEPLOY_KAFKA_TOPICS/],
    [
      'more topics than the tier has, letters among them',
      { ...STANDARD, TSDB_DEPLOY_KAFKA_TOPICS: topics(6) },
      /has at most 10 topics, .* needs 12/,
    ],
    ['a month in tier standard', { ...STANDARD, TSDB_DEPLOY_KAFKA_RETENTION_HOURS: '720' }, /allows: 168/],
    ['64 partitions in tier standard', { ...STANDARD, TSDB_DEPLOY_KAFKA_PARTITIONS: '64' }, /allows: 32/],
    [
      'more partitions than the units of premium have',
      { ...PREMIUM, TSDB_DEPLOY_KAFKA_PARTITIONS: '34' },
      /at most 200 partitions for each unit, and 6 topics of 34 have 204/,
    ],
    ['three units of premium', { ...PREMIUM, TSDB_DEPLOY_EVENT_HUBS_UNITS: '3' }, /one of 1, 2, 4, 8, 16/],
    [
      'a maximum below what is paid',
      { ...STANDARD, TSDB_DEPLOY_EVENT_HUBS_UNITS: '4', TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS: '2' },
      /at least TSDB_DEPLOY_EVENT_HUBS_UNITS/,
    ],
    ['growth of premium', { ...PREMIUM, TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS: '8' }, /is for .*=standard/],
    [
      'networks of clients of a closed address',
      {
        ...STANDARD,
        TSDB_DEPLOY_PARTS: 'private-endpoints',
        TSDB_DEPLOY_EVENT_HUBS_CIDRS: '203.0.113.0/24',
      },
      /without effect/,
    ],
    [
      'two kinds of brokers',
      { ...STANDARD, TSDB_DEPLOY_KAFKA_BROKERS: 'kafka:9092' },
      /names others \(kafka:9092\)/,
    ],
    ['half a certificate', { TSDB_DEPLOY_BROKER_SECRETS: 'mqtt-cert=plant' }, /both mqtt-cert and mqtt-key/],
    ['a file that nobody reads', { TSDB_DEPLOY_BROKER_SECRETS: 'password=plant' }, /pairs such as kafka-ca/],
    ['what no secret is called', { TSDB_DEPLOY_BROKER_SECRETS: 'kafka-ca=plant_ca' }, /pairs such as/],
  ])('refuse %s', (_what, env, message) => {
    expect(faultsOf(env)).toEqual([expect.stringMatching(message)]);
  });

  it('let a cluster use the Event Hubs that the other stack makes', () => {
    const env = { ...STANDARD, TSDB_DEPLOY_KAFKA_BROKERS: 'evhns-tsdb.servicebus.windows.net:9093' };
    expect(faultsOf(env)).toEqual([]);
  });
});
