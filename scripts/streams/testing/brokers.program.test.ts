// The brokers that tests start: they keep what they acknowledged when they are killed, and let in whom they should.
import { readFileSync } from 'node:fs';
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';
import { connect, connectAsync } from 'mqtt';
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import { type KeyPair, noOpenssl } from './certificates';
import { type KafkaUnderTest, noKafka, startKafka } from './kafka-broker';
import { noMosquitto, startMosquitto } from './mosquitto';

describeUnless(noKafka ?? noOpenssl, 'a Kafka of the tests', () => {
  let kafka: KafkaUnderTest;
  beforeAll(async () => {
    kafka = await startKafka({ users: { alice: 'secret' } });
  });
  afterAll(() => kafka?.stop());

  it('has its records after a kill', async () => {
    await kafka.createTopic('kept', 2);
    const producer = kafka.client().producer();
    await producer.connect();
    await producer.send({ topic: 'kept', acks: -1, messages: [{ key: 'a', value: '1', partition: 1 }] });
    await producer.disconnect();
    await kafka.kill();
    await kafka.restart();
    const offsets = await kafka.admin((admin) => admin.fetchTopicOffsets('kept'));
    expect(Object.fromEntries(offsets.map(({ partition, high }) => [partition, high]))).toEqual({
      0: '0',
      1: '1',
    });
  });

  const lists = async (broker: string, client: { pair?: KeyPair; sasl?: SASLOptions }): Promise<unknown> => {
    if (kafka.secure === undefined) throw new Error('there are no secure listeners');
    const ssl = {
      ca: [readFileSync(kafka.secure.certificates.caFile, 'utf8')],
      ...(client.pair && {
        key: readFileSync(client.pair.keyFile, 'utf8'),
        cert: readFileSync(client.pair.certFile, 'utf8'),
      }),
    };
    const admin = new Kafka({
      brokers: [broker],
      ssl,
      ...(client.sasl && { sasl: client.sasl }),
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).admin();
    try {
      await admin.connect();
      return (await admin.listTopics()).includes('kept');
    } finally {
      await admin.disconnect();
    }
  };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('lets in users by %s', async (mechanism) => {
    const sasl = (password: string) => ({ mechanism, username: 'alice', password }) as SASLOptions;
    const broker = kafka.secure?.saslAddress ?? '';
    expect(await lists(broker, { sasl: sasl('secret') })).toBe(true);
    await expect(lists(broker, { sasl: sasl('wrong') })).rejects.toThrow(/authentication failed/i);
  });

  it('lets in clients whose certificate it knows', async () => {
    const broker = kafka.secure?.mtlsAddress ?? '';
    const { client, stranger } = kafka.secure?.certificates ?? {};
    expect(await lists(broker, client ? { pair: client } : {})).toBe(true);
    await expect(lists(broker, stranger ? { pair: stranger } : {})).rejects.toThrow();
    await expect(lists(broker, {})).rejects.toThrow();
  });
});

describeUnless(noMosquitto ?? noOpenssl, 'a mosquitto of the tests', () => {
  it('has messages for an absent session after a kill', async () => {
    const broker = await startMosquitto({ users: { alice: 'secret' }, tls: 'server', saveEvery: 0 });
    try {
      const options = {
        username: 'alice',
        password: 'secret',
        ca: readFileSync(broker.certificates?.caFile ?? '', 'utf8'),
        protocolVersion: 5,
        properties: { sessionExpiryInterval: 3600 },
        reconnectPeriod: 0,
      } as const;
      const session = { ...options, clientId: 'reader', clean: false };
      const reader = await connectAsync(broker.url, session);
      await reader.subscribeAsync('plant/#', { qos: 1 });
      await reader.endAsync();
      const writer = await connectAsync(broker.url, { ...options, clientId: 'writer' });
      await writer.publishAsync('plant/a', '1', { qos: 1 });
      await broker.save();
      await writer.endAsync(true);
      await broker.kill();
      await broker.restart();
      const got: string[] = [];
      const again = connect(broker.url, { ...session, manualConnect: true });
      again.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
      again.connect();
      await waitFor('the message', () => got.length > 0);
      await again.endAsync();
      expect(got).toEqual(['plant/a 1']);
      await expect(connectAsync(broker.url, { ...options, password: 'wrong' })).rejects.toThrow(
        /authori[sz]ed/i,
      );
    } finally {
      await broker.stop();
    }
  });
});
