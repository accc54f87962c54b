// The publisher of dead letters on a real Kafka, where jars are given.
import { openDatabase } from '../../../api/database/database';
import {
  createTestDatabase,
  type TestDatabase,
  type TestServer,
  testServers,
} from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { service } from '../../../db/schema/service';
import { applied, execute, select } from '../../../db/testing/apply';
import { type KafkaUnderTest, noKafka, startKafka } from '../testing/kafka-broker';
import { readTopic } from '../testing/read-topic';
import { readKafkaConfig } from './config';
import { letterPublisher, letterTopic } from './letter-topic';
import { kafkaClient } from './security';

const TOPIC = 'plant.readings';
const OF = { group: 'g', topic: TOPIC, partition: 0 };

describeUnless(noKafka, 'the publisher of dead letters', () => {
  let database: TestDatabase;
  let kafka: KafkaUnderTest;
  beforeAll(async () => {
    kafka = await startKafka();
    for (const topic of [TOPIC, letterTopic(TOPIC)]) await kafka.createTopic(topic, 1);
    database = await createTestDatabase(testServers()[0] as TestServer, applied([service]));
  });
  afterAll(async () => {
    await database?.drop();
    await kafka?.stop();
  });

  it.each(['exactly-once', 'at-least-once'] as const)(
    'sends %s what waits when the broker comes back that was away at first',
    async (mode) => {
      const connections = openDatabase({
        database: { connectionString: database.url },
        ...{ poolSize: 1, writePoolSize: 1, statementTimeoutMs: 60_000 },
      });
      const client = kafkaClient(readKafkaConfig({ TSDB_KAFKA_BROKERS: kafka.address }), () => undefined, {
        initialRetryTime: 100,
        retries: 1,
      });
      const letters = letterPublisher(client, connections.writer, mode);
      const group = mode;
      await execute(
        database.url,
        `INSERT INTO service.stream_outbox (consumer_group, topic, partition, record_offset, reason, record_time, record_value, headers) VALUES ('${group}', '${TOPIC}', 0, 7, 'why', now(), '${mode}', '[]')`,
      );
      try {
        await kafka.kill();
        await expect(letters?.publish({ ...OF, group })).rejects.toThrow();
        await kafka.restart();
        await letters?.publish({ ...OF, group });
      } finally {
        await letters?.stop();
        await connections.end();
      }
      expect(
        await select(database.url, `SELECT FROM service.stream_outbox WHERE consumer_group = '${group}'`),
      ).toEqual([]);
      const sent = await readTopic(kafka, letterTopic(TOPIC));
      expect(sent.filter(({ value }) => value === mode)).toHaveLength(1);
    },
  );
});
