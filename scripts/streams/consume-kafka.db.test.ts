// `tsdb consume kafka`, `tsdb replay` and `tsdb consume reset` on a real broker and a real database, where jars of Kafka are given.
import { Partitioners } from 'kafkajs';
import {
  createTestDatabase,
  type TestDatabase,
  type TestServer,
  testServers,
} from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { waitFor } from '../../db/local/testing/wait';
import { business } from '../../db/schema/business';
import { service } from '../../db/schema/service';
import { applied, execute, select } from '../../db/testing/apply';
import { type Running, startTsdb, tsdb } from '../testing/command-line';
import { letterTopic } from './kafka/letter-topic';
import { type KafkaUnderTest, noKafka, startKafka } from './testing/kafka-broker';

const TOPIC = 'bss.customer.metrics';
const ID = '00000000-0000-4000-8000-000000000001';
const START = Date.now();

describeUnless(noKafka, 'tsdb consume kafka', () => {
  let database: TestDatabase;
  let kafka: KafkaUnderTest;
  beforeAll(async () => {
    kafka = await startKafka();
    database = await createTestDatabase(testServers()[0] as TestServer, applied([business, service]));
    for (const topic of [TOPIC, 'bss.order.metrics', 'bss.payment.metrics'])
      for (const name of [topic, letterTopic(topic)]) await kafka.createTopic(name, 3);
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
    await kafka?.stop();
  });

  const env = () => ({
    DATABASE_URL: database.url,
    TSDB_SCHEMAS: 'business,service',
    TSDB_KAFKA_BROKERS: kafka.address,
    TSDB_STREAM_PORT: '0',
    TSDB_STREAM_BATCH_MS: '100',
  });

  async function send(from: number, to: number): Promise<void> {
    const producer = kafka.client().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const messages = Array.from({ length: to - from }, (_, index) => {
      const at = from + index;
      const row = {
        time: new Date(START + at).toISOString(),
        customer_id: ID,
        metric_name: 'm',
        metric_value: at,
      };
      return { key: String(at % 10), value: at % 100 === 7 ? `{"number": ${at}` : JSON.stringify(row) };
    });
    await producer.send({ topic: TOPIC, messages });
    await producer.disconnect();
  }

  async function consuming(): Promise<{ readonly consumer: Running; readonly url: string }> {
    const consumer = startTsdb(['consume', 'kafka'], { env: { ...env(), LOG_LEVEL: 'info' } });
    const [, url = ''] = await consumer.says(/health and metrics: (\S+)/);
    return { consumer, url };
  }

  const counts = async () => {
    const [row] = await select<Record<string, string>>(
      database.url,
      `SELECT (SELECT count(*) FROM business.customer_metrics) AS rows, (SELECT count(DISTINCT metric_value) FROM business.customer_metrics) AS values, (SELECT count(*) FROM service.dead_letter) AS letters, (SELECT count(*) FROM service.stream_outbox) AS outbox`,
    );
    return row;
  };

  const until = (expected: Readonly<Record<string, string>>) =>
    waitFor(JSON.stringify(expected), async () => {
      const now = await counts();
      return Object.entries(expected).every(([name, value]) => now?.[name] === value);
    });

  async function stopped(consumer: Running): Promise<void> {
    consumer.process.kill('SIGTERM');
    expect(await consumer.finished).toMatchObject({ code: 0 });
  }

  it('stores records once, keeps what is refused in both places, and says how far it is', async () => {
    await send(0, 3_000);
    const first = await consuming();
    await until({ rows: '2970', values: '2970', letters: '30', outbox: '0' });
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    const text = await (await fetch(`${first.url}/metrics`)).text();
    expect(text).toContain(`tsdb_stream_rows_total{topic="${TOPIC}",verdict="stored"} 2970`);
    expect(text).toMatch(new RegExp(`tsdb_stream_lag{topic="${TOPIC}",partition="0"} 0`));
    await stopped(first.consumer);

    await send(3_000, 4_000);
    const second = await consuming();
    await until({ rows: '3960', values: '3960', letters: '40', outbox: '0' });
    await stopped(second.consumer);
  }, 120_000);

  it('replays from the topic what the database refused, once', async () => {
    await execute(
      database.url,
      'ALTER TABLE business.customer_metrics ADD CONSTRAINT few CHECK (metric_value < 4500)',
    );
    await send(4_000, 5_000);
    const { consumer } = await consuming();
    // The database refuses 495 rows of one batch, more than it is asked for one by one.
    await until({ rows: '4455', letters: '545', outbox: '0' });
    await stopped(consumer);
    const refused = await tsdb(['replay', TOPIC, '--json'], env());
    expect(JSON.parse(refused.stdout)).toMatchObject({ replayed: 0, failed: 545, settled: 0 });
    expect(refused.code).toBe(2);

    await execute(database.url, 'ALTER TABLE business.customer_metrics DROP CONSTRAINT few');
    const healed = await tsdb(['replay', TOPIC, '--json'], env());
    expect(JSON.parse(healed.stdout)).toMatchObject({ replayed: 495, failed: 50, settled: 0 });
    await until({ rows: '4950', values: '4950', letters: '50' });
    const again = await tsdb(['replay', TOPIC, '--json'], env());
    expect(JSON.parse(again.stdout)).toMatchObject({ replayed: 0, failed: 50, settled: 495 });
  }, 180_000);

  it('sets positions only while no consumer runs, and says what that means', async () => {
    const { consumer } = await consuming();
    await consumer.says(/partitions assigned/);
    const reset = (...flags: readonly string[]) =>
      tsdb(['consume', 'reset', '--topic', TOPIC, ...flags], env());
    const early = await reset('--to', 'beginning', '--yes');
    expect(early.stderr).toMatch(/consumers of the group timescale-ingest are running/);
    await stopped(consumer);
    expect((await reset('--to', '999999', '--partition', '0', '--yes')).stderr).toMatch(/is not among them/);
    const unasked = await reset('--to', 'end');
    expect(unasked).toMatchObject({ code: 3 });
    const done = await reset('--to', 'beginning', '--yes');
    expect(done.stdout).toMatch(/partition 0: \d+ → 0 \(\d+ records will be stored again/);
    const next = await consuming();
    await until({ rows: '9900', values: '4950', letters: '50', outbox: '0' });
    await stopped(next.consumer);
  }, 120_000);
});
