// The consumer on a real broker: what is acknowledged, when, and what happens after faults. Rows and databases are in mqtt.db.test.ts.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { freePort } from '../../../db/local/free-port';
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import { type MosquittoUnderTest, noMosquitto, startMosquitto } from '../testing/mosquitto';
import { type Publisher, publisher } from './testing/publisher';
import { type RecordingConsumer, recordingConsumer } from './testing/recording-consumer';

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String(from + at));
const readings = (from: number, to: number, topic = 'plant/a/s1') =>
  numbers(from, to).map((payload) => ({ topic, payload }));
const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];

describeUnless(noMosquitto, 'consumer of MQTT', () => {
  let broker: MosquittoUnderTest;
  let sender: Publisher;
  const started: RecordingConsumer[] = [];
  const start = (...args: Parameters<typeof recordingConsumer>): RecordingConsumer => {
    const consumer = recordingConsumer(...args);
    started.push(consumer);
    return consumer;
  };
  const stopAll = async (): Promise<void> => {
    for (const consumer of started.splice(0)) {
      consumer.release();
      await consumer.consumer.stop();
    }
  };
  const received = (consumer: RecordingConsumer, count: number): Promise<void> =>
    waitFor(`${count} messages are stored`, () => distinct(consumer.stored).length >= count).then(
      () => undefined,
    );

  beforeEach(async () => {
    broker = await startMosquitto({ saveEvery: 0 });
    sender = await publisher(broker.url);
  });
  afterEach(async () => {
    await stopAll();
    await sender.end();
    await broker.stop();
  });

  describe.each([['5'], ['4']])('version %s', (version) => {
    const env = { TSDB_MQTT_VERSION: version };

    it('acknowledges many messages after their batch is stored, and none before', async () => {
      const first = start(broker.url, { env });
      await first.connected();
      first.hold();
      await sender.publish(readings(1, 60));
      await waitFor('the first batch arrives', () => first.asked.length === 1);
      // Of version 3.1.1 the broker sends 20 messages, and no more before one of them is acknowledged.
      await sender.publish(readings(61, 61, 'plant/a/s2'));
      if (version === '4') expect(first.asked[0]).toBeLessThanOrEqual(20);
      expect(first.stored).toEqual([]);
      first.release();
      await received(first, 61);
      await first.consumer.stop();
      expect(first.stored).toEqual(numbers(1, 61));
      // Everything is acknowledged, so the session has nothing more.
      const second = start(broker.url, { env });
      await second.connected();
      await sender.publish(readings(62, 62));
      await received(second, 1);
      expect(second.stored).toEqual(['62']);
    });

    it('stores fewer messages at a time when the database does not take so many', async () => {
      const consumer = start(broker.url, { env, atMost: 3 });
      await consumer.connected();
      await sender.publish(readings(1, 20));
      await received(consumer, 20);
      await consumer.consumer.stop();
      expect(consumer.stored).toEqual(numbers(1, 20));
    });

    it('is given again what it had not stored when it stopped', async () => {
      const first = start(broker.url, { env });
      await first.connected();
      first.fail();
      await sender.publish(readings(1, 10));
      await waitFor('the store fails', () => first.consumer.troubles().length === 1);
      expect(first.consumer.troubles()[0]).toBe(
        'messages of plant/{site}/{sensor_id} cannot be stored: no database',
      );
      await first.consumer.stop();
      expect(first.log.join('\n')).toContain('stopped before these messages were stored');
      const second = start(broker.url, { env });
      await received(second, 10);
      expect(second.stored).toEqual(numbers(1, 10));
      expect(second.log[0]).toContain('"session":"continued"');
    });

    it('acknowledges nothing on a new connection that came by an old one', async () => {
      const consumer = start(broker.url, { env });
      await consumer.connected();
      consumer.hold();
      await sender.publish(readings(1, 15));
      await waitFor('the messages arrive', () => consumer.asked.length > 0);
      await broker.restart();
      await waitFor('the loss is noticed', () => consumer.consumer.troubles().length === 1);
      // While messages of the old connection wait, it does not connect: these get packet ids of the old messages.
      await sender.publish(readings(16, 40));
      consumer.release();
      await received(consumer, 40);
      await consumer.consumer.stop();
      // Those without an acknowledgement came again, before the newer ones.
      expect(distinct(consumer.stored)).toEqual(numbers(1, 40));
      expect(consumer.stored.slice(0, 30)).toEqual([...numbers(1, 15), ...numbers(1, 15)]);
      const next = start(broker.url, { env });
      await next.connected();
      await sender.publish(readings(41, 41));
      await received(next, 1);
      expect(next.stored).toEqual(['41']);
    });

    it('keeps its messages when the broker is killed', async () => {
      const consumer = start(broker.url, { env });
      await consumer.connected();
      consumer.fail();
      await sender.publish(readings(1, 200));
      await broker.save();
      await broker.kill();
      await broker.restart();
      consumer.release();
      await sender.publish(readings(201, 300));
      await received(consumer, 300);
      expect(distinct(consumer.stored)).toEqual(numbers(1, 300));
      expect(consumer.consumer.troubles()).toEqual([]);
    });

    it('shares the messages with another consumer', async () => {
      const shared = (id: string) =>
        start(broker.url, { env: { ...env, TSDB_MQTT_SHARE: 'ingest', TSDB_MQTT_CLIENT_ID: id } });
      const [one, two] = [shared('one'), shared('two')];
      await Promise.all([one.connected(), two.connected()]);
      await sender.publish(readings(1, 100));
      await waitFor('all messages are stored', () => one.stored.length + two.stored.length >= 100);
      await stopAll();
      expect([...one.stored, ...two.stored].sort((a, b) => Number(a) - Number(b))).toEqual(numbers(1, 100));
      expect(one.stored.length).toBeGreaterThan(0);
      expect(two.stored.length).toBeGreaterThan(0);
    });

    it('stores retained messages and messages of QoS 0', async () => {
      await sender.publish([{ topic: 'plant/a/s1', payload: 'retained', retain: true }]);
      const consumer = start(broker.url, { env });
      await received(consumer, 1);
      await sender.publish([{ topic: 'plant/a/s1', payload: 'qos 0', qos: 0 }]);
      await sender.publish(readings(1, 1));
      await received(consumer, 3);
      expect(distinct(consumer.stored)).toEqual(['retained', 'qos 0', '1']);
    });

    it('keeps messages of a subscription that is declared no more', async () => {
      const before = start(broker.url, { env, patterns: ['old/{sensor_id}', 'plant/{site}/{sensor_id}'] });
      await before.connected();
      await before.consumer.stop();
      await sender.publish([{ topic: 'old/s1', payload: 'old' }, ...readings(1, 1)]);
      const after = start(broker.url, { env });
      await received(after, 1);
      await waitFor('the other message is kept', () => after.others.length === 1);
      expect(after.others).toEqual(['old']);
    });
  });

  it('starts a batch as soon as no more arrives, and takes many messages when the broker sends them', async () => {
    await stopAll();
    await broker.stop();
    broker = await startMosquitto({ saveEvery: 0, maxInflight: 1_000 });
    await sender.end();
    sender = await publisher(broker.url);
    const consumer = start(broker.url);
    await consumer.connected();
    consumer.hold();
    await sender.publish(readings(1, 3_000));
    consumer.release();
    await received(consumer, 3_000);
    expect(consumer.stored).toEqual(numbers(1, 3_000));
    expect(Math.max(...consumer.asked)).toBeGreaterThan(500);
  });

  it('speaks MQTT over WebSockets', async () => {
    const port = await freePort();
    const web = await startMosquitto({ settings: [`listener ${port}`, 'protocol websockets'] });
    const url = `ws://127.0.0.1:${port}`;
    const consumer = start(url);
    await consumer.connected();
    const other = await publisher(url);
    await other.publish(readings(1, 50));
    await received(consumer, 50);
    expect(consumer.stored).toEqual(numbers(1, 50));
    await other.end();
    await stopAll();
    await web.stop();
  });

  it('refuses a broker that delivers without acknowledgements', async () => {
    const careless = await startMosquitto({ settings: ['max_qos 0'] });
    const { consumer } = start(careless.url);
    const why = () => consumer.troubles().find((trouble) => trouble.startsWith('no connection to '));
    await waitFor('it is refused', () => why() !== undefined);
    expect(why()).toContain('the broker grants plant/+/+ without acknowledgements (QoS 0)');
    await stopAll();
    await careless.stop();
  });

  it('does not fight for its session with another client in a hurry, and says what may be wrong', async () => {
    const first = start(broker.url);
    await first.connected();
    const second = start(broker.url);
    await waitFor('the cause is named', () =>
      [...first.log, ...second.log].some((text) =>
        text.includes('see whether another process uses timescale-ingest'),
      ),
    );
    const connections = first.log.filter((text) => text.startsWith('connected ')).length;
    expect(connections).toBeLessThan(8);
  });

  it('says that the broker has lost the session', async () => {
    const consumer = start(broker.url);
    await consumer.connected();
    await broker.kill();
    await broker.restart();
    await waitFor('it is connected again', () =>
      consumer.log.some((text) => text.includes('has lost the session')),
    );
  });
});

describeUnless(noMosquitto, 'consumer of MQTT with TLS and a password', () => {
  const env = { TSDB_MQTT_USERNAME: 'plant', TSDB_MQTT_PASSWORD: 'secret' };

  it('shows a certificate and a password, and says why it is refused', async () => {
    const broker = await startMosquitto({ tls: 'clients', users: { plant: 'secret' } });
    if (!broker.certificates) throw new Error('no certificates');
    const { caFile, client, stranger } = broker.certificates;
    const tls = (pair: typeof client) => ({
      TSDB_MQTT_CA_FILE: caFile,
      TSDB_MQTT_CERT_FILE: pair.certFile,
      TSDB_MQTT_KEY_FILE: pair.keyFile,
    });
    const good = recordingConsumer(broker.url, { env: { ...env, ...tls(client) } });
    await good.connected();
    await good.consumer.stop();
    for (const [more, reason] of [
      [{ ...env, ...tls(client), TSDB_MQTT_PASSWORD: 'wrong' }, /Not authorized/],
      [{ ...env, ...tls(stranger) }, /./],
      [env, /self-signed certificate|unable to verify|unable to get/],
    ] as const) {
      const { consumer } = recordingConsumer(broker.url, { env: more });
      const refused = () => consumer.troubles().find((why) => why.startsWith('no connection to '));
      await waitFor('it is refused', () => refused() !== undefined);
      expect(refused()).toMatch(reason);
      await consumer.stop();
    }
    await broker.stop();
  });
});

// mosquitto 2.0.11 closes the connection without a word; other brokers tell the reason, as version 5 has it.
it('ends when a broker says that another client has taken its session over', async () => {
  const connack = Buffer.from([0x20, 3, 0, 0, 0]);
  const disconnect = Buffer.from([0xe0, 1, 142]);
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(Buffer.concat([connack, disconnect]))).on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { consumer } = recordingConsumer(`mqtt://127.0.0.1:${port}`);
  expect((await consumer.failed).message).toBe(
    `another client has connected to mqtt://127.0.0.1:${port} with the client id timescale-ingest and has taken the session over; give each process its own TSDB_MQTT_CLIENT_ID, and to share the topics among them TSDB_MQTT_SHARE`,
  );
  await consumer.stop();
  server.close();
});
