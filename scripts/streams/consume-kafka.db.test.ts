// `tsdb consume kafka` on a real broker and a real database, where jars of Kafka are given.
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
import { applied, select } from '../../db/testing/apply';
import { startTsdb } from '../testing/command-line';
import { letterTopic } from './kafka/letter-topic';
import { type KafkaUnderTest, noKafka, startKafka } from './testing/kafka-broker';

const TOPIC = 'bss.customer.metrics';
const ID = '00000000-0000-4000-8000-000000000001';

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

  it('stores records, and keeps what it refuses in the table and in the topic of dead letters', async () => {
    const producer = kafka.client().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const time = new Date().toISOString();
    const messages = Array.from({ length: 3_000 }, (_, at) => ({
      key: String(at % 10),
      value:
        at % 100 === 0
          ? `{"time": "${time}", "metric_name": ${at}}`
          : JSON.stringify({ time, customer_id: ID, metric_name: 'm', metric_value: at }),
    }));
    await producer.send({ topic: TOPIC, messages });
    await producer.disconnect();
    const consumer = startTsdb(['consume', 'kafka'], {
      env: {
        DATABASE_URL: database.url,
        TSDB_SCHEMAS: 'business,service',
        TSDB_KAFKA_BROKERS: kafka.address,
        TSDB_STREAM_PORT: '0',
        TSDB_STREAM_BATCH_MS: '100',
        LOG_LEVEL: 'info',
      },
    });
    const [, url] = await consumer.says(/health and metrics: (\S+)/);
    const counts = async () =>
      (
        await select<Record<string, string>>(
          database.url,
          `SELECT (SELECT count(*) FROM business.customer_metrics) AS rows, (SELECT count(*) FROM service.dead_letter) AS letters, (SELECT count(*) FROM service.stream_outbox) AS outbox`,
        )
      )[0];
    await waitFor('all records', async () => {
      const now = await counts();
      return now?.rows === '2970' && now?.letters === '30' && now.outbox === '0';
    });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain(`tsdb_stream_rows_total{topic="${TOPIC}",verdict="stored"} 2970`);
    consumer.process.kill('SIGTERM');
    expect(await consumer.finished).toMatchObject({ code: 0 });
  }, 120_000);
});
