// From a broker into the database: what becomes of messages, and that each reading is there once whatever ends in between.
import { embeddedBinaries, findTimescaleBinaries } from '../../../db/local/binaries';
import { startCluster } from '../../../db/local/cluster';
import { createTestDatabase, type TestDatabase, testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { waitFor } from '../../../db/local/testing/wait';
import { plant } from '../../../db/schema/plant';
import { service } from '../../../db/schema/service';
import { applied, execute, select } from '../../../db/testing/apply';
import { type Running, startTsdb } from '../../testing/command-line';
import { type MosquittoUnderTest, noMosquitto, startMosquitto } from '../testing/mosquitto';
import { type Published, type Publisher, publisher } from './testing/publisher';

/** Messages of the test that kills; the promise was shown with 100,000. */
const MESSAGES = Number(process.env.TSDB_TEST_MQTT_MESSAGES || 2_000);
const SETS = [plant, service];
const BEGIN = Date.parse('2026-11-20T00:00:00Z');

/** What a consumer is given besides the addresses: settings and flags. */
interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}
const consume = (url: string, broker: string, { env = {}, flags = [] }: Given = {}): Running =>
  startTsdb(['consume', 'mqtt', ...flags], {
    env: {
      DATABASE_URL: url,
      TSDB_SCHEMAS: 'plant,service',
      TSDB_MQTT_URL: broker,
      TSDB_STREAM_PORT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
  });
const stopped = async (consumer: Running): Promise<void> => {
  consumer.process.kill('SIGTERM');
  expect(await consumer.finished).toMatchObject({ code: 0, signal: null });
};
const countOf = async (url: string, table: string): Promise<number> => {
  const [row] = await select<{ n: number }>(url, `SELECT count(*)::integer n FROM ${table}`);
  return row?.n ?? -1;
};
const healthOf = async (consumer: Running): Promise<string> => {
  const [, url] = await consumer.says(/health and metrics: (\S+)/);
  return `${url}`;
};

describeUnless(noMosquitto, 'consume mqtt', () => {
  let broker: MosquittoUnderTest;
  let sender: Publisher;
  beforeEach(async () => {
    broker = await startMosquitto({ saveEvery: 0 });
    sender = await publisher(broker.url);
  });
  afterEach(async () => {
    await sender.end();
    await broker.stop();
  });

  describe.each(testServers())('on $engine', (server) => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await createTestDatabase(server, applied(SETS));
    });
    afterEach(() => database.drop());

    it('stores rows and single measures, joins those of one time, and keeps what it refuses', async () => {
      const consumer = consume(database.url, broker.url);
      await consumer.says(/"connected"/);
      const time = '2026-11-20T10:00:00Z';
      const messages: Published[] = [
        { topic: 'plant/north/m1', payload: JSON.stringify({ time, temperature: 21.5, humidity: 40 }) },
        { topic: 'plant/north/m1/vibration', payload: JSON.stringify({ time, value: 1.25 }) },
        { topic: 'plant/north/m1/humidity', payload: JSON.stringify({ time: Date.parse(time), value: 41 }) },
        { topic: 'plant/south/m1', payload: JSON.stringify({ time, temperature: 3 }), retain: true },
        { topic: 'plant/south/m1', payload: JSON.stringify({ time, temperature: 'hot' }) },
        { topic: 'plant/south/m1', payload: 'not JSON' },
      ];
      await sender.publish(messages);
      await waitFor(
        'the refused ones are kept',
        async () => (await countOf(database.url, 'service.dead_letter')) === 2,
      );
      await waitFor('the rows are stored', async () => (await countOf(database.url, 'plant.reading')) === 2);
      // A message that comes again changes nothing.
      await sender.publish(messages.slice(0, 1));
      const health = await healthOf(consumer);
      await waitFor('it is counted', async () => {
        const metrics = await (await fetch(`${health}/metrics`)).text();
        return metrics.includes(
          'tsdb_stream_rows_total{topic="plant/{site}/{sensor_id}",verdict="unchanged"}',
        );
      });
      expect((await fetch(`${health}/health/ready`)).status).toBe(200);
      await stopped(consumer);
      // The retained one is delivered once more to a new session.
      const again = consume(database.url, broker.url, { env: { TSDB_MQTT_CLIENT_ID: 'other' } });
      const other = await healthOf(again);
      await waitFor('it is delivered', async () => {
        const metrics = await (await fetch(`${other}/metrics`)).text();
        return /tsdb_stream_records_total\S+ 1/.test(metrics);
      });
      await stopped(again);
      expect(
        await select(
          database.url,
          'SELECT site, sensor_id, temperature, humidity, vibration FROM plant.reading ORDER BY site',
        ),
      ).toEqual([
        { site: 'north', sensor_id: 'm1', temperature: 21.5, humidity: 40, vibration: 1.25 },
        { site: 'south', sensor_id: 'm1', temperature: 3, humidity: null, vibration: null },
      ]);
      expect(
        await select(
          database.url,
          `SELECT table_name, format, reason, original LIKE '%plant/south/m1%' AS has_topic
             FROM service.dead_letter ORDER BY reason`,
        ),
      ).toEqual([
        expect.objectContaining({ table_name: 'plant.reading', format: 'message', has_topic: true }),
        expect.objectContaining({ table_name: 'plant.reading', format: 'message', has_topic: true }),
      ]);
    });

    it('finds the place of messages that it does not subscribe to any more, or keeps them', async () => {
      const topics = ['plant/{site}/{sensor_id}', 'plant/{site}/{sensor_id}/vibration'];
      const [whole = '', vibration = ''] = topics;
      const first = consume(database.url, broker.url);
      await first.says(/"connected"/);
      await stopped(first);
      // A subscription of the session that nothing declares.
      const session = { clientId: 'timescale-ingest', clean: false, protocolVersion: 5 } as const;
      const earlier = await publisher(broker.url, {
        ...session,
        properties: { sessionExpiryInterval: 0xffffffff },
      });
      await earlier.subscribe('old/+');
      await earlier.end();
      const second = consume(database.url, broker.url, { flags: ['--topic', whole] });
      await second.says(/"connected"/);
      const time = '2026-11-20T10:00:00Z';
      await sender.publish([
        {
          topic: vibration.replace('{site}/{sensor_id}', 'a/m1'),
          payload: JSON.stringify({ time, value: 2 }),
        },
        { topic: 'old/m1', payload: JSON.stringify({ time, value: 3 }) },
      ]);
      await waitFor('both are kept', async () => (await countOf(database.url, 'service.dead_letter')) === 1);
      await waitFor('the one is stored', async () => (await countOf(database.url, 'plant.reading')) === 1);
      await stopped(second);
      expect(
        await select(
          database.url,
          'SELECT table_name, format, reason, original::jsonb FROM service.dead_letter',
        ),
      ).toEqual([
        {
          table_name: 'old/m1',
          format: 'message',
          reason:
            'no stream is declared for this topic, and the session of client id timescale-ingest still has a subscription to it',
          original: expect.objectContaining({ broker: 'mqtt', topic: 'old/m1' }),
        },
      ]);
    });

    it(`stores each of ${MESSAGES} readings once while broker and consumer are killed`, async () => {
      const reading = (n: number): Published =>
        n % 100 === 99
          ? {
              topic: `plant/s${n % 7}/m${n % 13}`,
              payload: JSON.stringify({ time: BEGIN + n, temperature: 'hot' }),
            }
          : {
              topic: `plant/s${n % 7}/m${n % 13}`,
              payload: JSON.stringify({ time: BEGIN + n, temperature: n }),
            };
      const part = Math.ceil(MESSAGES / 10);
      // Small batches, of which many are under way when something ends.
      const start = () =>
        consume(database.url, broker.url, { env: { TSDB_STREAM_BATCH_ROWS: String(Math.ceil(part / 20)) } });
      let consumer = start();
      await consumer.says(/"connected"/);
      const stored = () => countOf(database.url, 'plant.reading');
      /** Goes on when more is stored, so that what ends now ends in the middle of its work. */
      const atWork = async (): Promise<void> => {
        const before = await stored();
        await waitFor('some more are stored', async () => (await stored()) > before, { everyMs: 1 });
      };
      const ends: string[] = [];
      const began = performance.now();
      for (let from = 0; from < MESSAGES; from += part) {
        const all = Array.from({ length: Math.min(part, MESSAGES - from) }, (_, at) => reading(from + at));
        if ((from / part) % 2 === 0) {
          const sending = sender.publish(all);
          await atWork();
          consumer.process.kill('SIGKILL');
          ends.push(`consumer at ${await stored()}`);
          await Promise.all([sending, consumer.finished]);
          consumer = start();
        } else {
          // A broker that is killed loses what it has not written to its disk, also what it has acknowledged to the publisher.
          consumer.process.kill('SIGSTOP');
          await sender.publish(all);
          await broker.save();
          consumer.process.kill('SIGCONT');
          await atWork();
          await broker.kill();
          ends.push(`broker at ${await stored()}`);
          await broker.restart();
        }
      }
      const bad = Math.floor(MESSAGES / 100);
      await waitFor(
        'all are stored',
        async () =>
          (await countOf(database.url, 'plant.reading')) === MESSAGES - bad &&
          (await countOf(database.url, 'service.dead_letter')) >= bad,
        { atMostMs: 300_000, everyMs: 200 },
      );
      const seconds = (performance.now() - began) / 1_000;
      await stopped(consumer);
      // A refused message that names its own time is one letter, however often the broker delivers it.
      expect(await countOf(database.url, 'service.dead_letter')).toBe(bad);
      const [sums] = await select<{ readonly n: number; readonly of: number }>(
        database.url,
        'SELECT count(DISTINCT time)::integer n, sum(temperature)::float8 AS "of" FROM plant.reading',
      );
      const good = Array.from({ length: MESSAGES }, (_, n) => n).filter((n) => n % 100 !== 99);
      expect(sums).toEqual({ n: good.length, of: good.reduce((a, b) => a + b, 0) });
      process.stderr.write(
        `MQTT on ${server.engine}: ${MESSAGES} messages in ${seconds.toFixed(1)} s, killed: ${ends.join(', ')} rows\n`,
      );
    }, 900_000);
  });

  const timescale = findTimescaleBinaries(process.env);
  it.each(timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale])(
    'waits for a database that is away: $flavour',
    async (binaries) => {
      const folder = temporaryFolder();
      const first = await startCluster({ binaries, folder, durable: true });
      await applied(SETS).build(first.url);
      const consumer = consume(first.url, broker.url);
      const health = await healthOf(consumer);
      await consumer.says(/"connected"/);
      const ready = async () => (await fetch(`${health}/health/ready`)).status;
      const readings = (from: number, to: number): Published[] =>
        Array.from({ length: to - from }, (_, at) => ({
          topic: 'plant/a/m1',
          payload: JSON.stringify({ time: BEGIN + from + at, temperature: 1 }),
        }));
      await sender.publish(readings(0, 100));
      await waitFor('these are stored', async () => (await countOf(first.url, 'plant.reading')) === 100);
      await first.stop();
      await sender.publish(readings(100, 300));
      await waitFor('readiness turns red', async () => (await ready()) === 503);
      const { reasons } = (await (await fetch(`${health}/health/ready`)).json()) as {
        readonly reasons: readonly string[];
      };
      expect(reasons[0]).toMatch(/^messages of plant\/\{site\}\/\{sensor_id\} cannot be stored: /);
      const second = await startCluster({ binaries, folder, durable: true, port: first.port });
      await waitFor('all are stored', async () => (await countOf(second.url, 'plant.reading')) === 300);
      await waitFor('readiness turns green', async () => (await ready()) === 200);
      await stopped(consumer);
      await second.stop();
      removeFolder(folder);
    },
  );

  it('says at the start that the schema has not been applied', async () => {
    const [server] = testServers();
    const database = await createTestDatabase(server ?? { url: '' });
    await execute(database.url, 'SELECT 1');
    const consumer = consume(database.url, broker.url);
    expect(await consumer.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the database has no'),
    });
    await database.drop();
  });
});
