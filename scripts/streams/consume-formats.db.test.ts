// Records of Avro through a real broker: stored by their schemas, refused as letters that people can read and replay, and kept waiting
// while the registry is ill.
import { Type } from 'avsc';
import { CompressionTypes } from 'kafkajs';
import { Pool } from 'pg';
import { replayLetters } from '../../api/ingest/replay';
import { framed, type RegistryUnderTest, startRegistry } from '../../api/streams/testing/registry';
import { float8, text, timestamptz } from '../../db/language/columns';
import { desiredFrom } from '../../db/language/desired';
import { hypertable } from '../../db/language/hypertable';
import { schemaSet } from '../../db/language/schema-set';
import { stream } from '../../db/language/stream';
import {
  createTestDatabase,
  type TestDatabase,
  type TestServer,
  testServers,
} from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { waitFor } from '../../db/local/testing/wait';
import { service } from '../../db/schema/service';
import { applied, select } from '../../db/testing/apply';
import { consumeKafka } from './consume-kafka';
import type { StreamConsumer } from './consumer';
import { declaredStreams } from './declared-streams';
import { readKafkaConfig } from './kafka/config';
import { readStreamConfig } from './stream-config';
import { consumerMetrics } from './stream-metrics';
import { type KafkaUnderTest, noKafka, startKafka } from './testing/kafka-broker';

const TOPIC = 'plant.avro';
const reading = hypertable('plant.reading', {
  columns: { time: timestamptz().notNull(), sensor_id: text().notNull(), value: float8() },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [],
});
const plantOf = (map: { readonly value?: string }) =>
  schemaSet('plant', [reading], {
    streams: [stream(TOPIC, reading, { format: 'avro', map: { sensor_id: '$key', ...map } })],
  });
const schemaWith = (name: string) => ({
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name, type: ['null', 'double'] },
  ],
});

describeUnless(noKafka, 'records of Avro', () => {
  const now = Date.now() - 60_000;
  const [server] = testServers() as [TestServer];
  let database: TestDatabase;
  let kafka: KafkaUnderTest;
  let registry: RegistryUnderTest;
  let consumer: StreamConsumer;

  beforeAll(async () => {
    registry = await startRegistry({ login: false });
    registry.register(1, { schema: JSON.stringify(schemaWith('v')) });
    kafka = await startKafka();
    database = await createTestDatabase(server, applied([plantOf({}), service]));
    for (const name of [TOPIC, `${TOPIC}.dlq`]) await kafka.createTopic(name, 1);
    const env = { DATABASE_URL: database.url, TSDB_STREAM_BATCH_MS: '50' };
    const { api, batch } = readStreamConfig(env);
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
    consumer = await consumeKafka({
      config: { api: { ...api, desired: desiredFrom([plantOf({ value: 'v' }), service]) }, batch },
      kafka: readKafkaConfig({ TSDB_KAFKA_BROKERS: kafka.address, TSDB_SCHEMA_REGISTRY: registry.url }),
      log: log as never,
      metrics: consumerMetrics(),
    });
  }, 120_000);
  afterAll(async () => {
    await consumer?.stop();
    await database?.drop();
    await kafka?.stop();
    await registry?.stop();
  });

  async function produce(id: number, name: string, values: readonly number[]): Promise<void> {
    const type = Type.forSchema(schemaWith(name) as never);
    const producer = kafka.client().producer();
    await producer.connect();
    await producer.send({
      topic: TOPIC,
      compression: CompressionTypes.GZIP,
      messages: values.map((value) => ({
        key: `s${value}`,
        value: framed(id, type.toBuffer({ time: now + value, [name]: value })),
      })),
    });
    await producer.disconnect();
  }
  const rows = async () =>
    (
      await select<{ sensor_id: string; value: number }>(
        database.url,
        'SELECT sensor_id, value FROM plant.reading ORDER BY time',
      )
    )
      .map(({ sensor_id, value }) => `${sensor_id} ${value}`)
      .join();
  const letters = () =>
    select<{ id: string; reason: string; original: string }>(
      database.url,
      'SELECT id, reason, original FROM service.dead_letter ORDER BY received_at, original',
    );

  it('are stored, refused where their schema does not exist, and wait while the registry is ill', async () => {
    await produce(1, 'v', [1, 2]);
    await produce(404, 'v', [3]);
    await waitFor('rows', async () => (await rows()) === 's1 1,s2 2');
    await waitFor('a letter', async () => (await letters()).length === 1);
    expect(await letters()).toMatchObject([{ reason: 'the schema registry has no schema 404' }]);

    registry.status = 503;
    registry.register(2, { schema: JSON.stringify(schemaWith('v')) });
    await produce(2, 'v', [4]);
    await waitFor('trouble', async () => consumer.troubles().some((text) => text.includes('status 503')));
    expect(await letters()).toHaveLength(1);
    registry.status = undefined;
    await waitFor('the row that waited', async () => (await rows()) === 's1 1,s2 2,s4 4');
    expect(consumer.troubles()).toEqual([]);
  }, 120_000);

  it('become letters with what was decoded, which a corrected map heals without the registry', async () => {
    registry.register(3, { schema: JSON.stringify(schemaWith('renamed')) });
    await produce(3, 'renamed', [5]);
    await waitFor('a letter', async () => (await letters()).length === 2);
    const letter = (await letters()).find(({ original }) => original.includes('renamed'));
    expect(letter?.reason).toMatch(/^there is no column "renamed"/);
    expect(JSON.parse(letter?.original ?? '')).toMatchObject({
      topic: TOPIC,
      key: 's5',
      row: { renamed: 5 },
    });
    const desired = desiredFrom([plantOf({ value: 'renamed' }), service]);
    const [declared] = declaredStreams(desired, 'kafka');
    const pool = new Pool({ connectionString: database.url });
    const tables = new Map([['plant.reading', declared?.table as never]]);
    const result = await replayLetters(
      { pool, engine: async () => server.engine },
      { tables, routing: { tableFor: () => '' } as never, streams: desired.streams },
      { ids: [letter?.id ?? ''] },
    ).finally(() => pool.end());
    expect(result).toMatchObject({ replayed: 1, failed: 0 });
    expect(await rows()).toBe('s1 1,s2 2,s4 4,s5 5');
  }, 120_000);
});
