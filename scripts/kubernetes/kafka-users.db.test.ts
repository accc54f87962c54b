// The users of the stack kubernetes-kafka on a real Kafka that asks for rights: they suffice for the consumer and for a producer.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AclEntry,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  ResourcePatternTypes,
} from 'kafkajs';
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
import { readConfig } from '../../infra/core/config';
import { kafkaEnvironment } from '../../infra/core/stream-environment';
import { synthesiseKafka } from '../../k8s/testing/deployments';
import { type KafkaUnderTest, noKafka, startKafka } from '../streams/testing/kafka-broker';
import { startTsdb, tsdb } from '../testing/command-line';
import { manifestsIn } from './testing/stack-manifests';

const TOPIC = 'bss.customer.metrics';
const PASSWORDS = { 'tsdb-consumer': 'of-the-consumer', 'tsdb-producer': 'of-the-producer' } as const;
type User = keyof typeof PASSWORDS;

interface KafkaUser {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly authorization: {
      readonly acls: readonly {
        readonly resource: { readonly type: string; readonly name?: string; readonly patternType?: string };
        readonly operations: readonly string[];
      }[];
    };
  };
}

/** As the operator hands them to Kafka. */
function rightsOf({ metadata, spec }: KafkaUser): readonly AclEntry[] {
  return spec.authorization.acls.flatMap(({ resource, operations }) =>
    operations.map((operation) => ({
      principal: `User:${metadata.name}`,
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
      operation: AclOperationTypes[upper(operation) as 'READ'],
      resourceType: AclResourceTypes[upper(resource.type) as 'TOPIC'],
      resourceName: resource.name ?? 'kafka-cluster',
      resourcePatternType:
        resource.patternType === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    })),
  );
}

/** `IdempotentWrite` is `IDEMPOTENT_WRITE`. */
const upper = (text: string): string => text.replace(/(?<=[a-z])([A-Z])/g, '_$1').toUpperCase();

describeUnless(noKafka, 'the users of Kafka', () => {
  let database: TestDatabase;
  let kafka: KafkaUnderTest;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tsdb-users-'));
    kafka = await startKafka({
      users: PASSWORDS,
      settings: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // The broker itself and this test, which come without TLS.
        'super.users': 'User:ANONYMOUS',
      },
    });
    database = await createTestDatabase(testServers()[0] as TestServer, applied([business, service]));
    const objects = manifestsIn(synthesiseKafka().text).map(({ object }) => object as unknown as KafkaUser);
    for (const { kind, metadata } of objects)
      if (kind === 'KafkaTopic') await kafka.createTopic(metadata.name, 2);
    await kafka.createTopic('of.somebody.else', 1);
    const acl = objects.filter(({ kind }) => kind === 'KafkaUser').flatMap(rightsOf);
    expect(acl.length).toBeGreaterThan(20);
    expect(acl.filter(({ operation, resourceType }) => !operation || !resourceType)).toEqual([]);
    await kafka.admin((admin) => admin.createAcls({ acl: [...acl] }));
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a pod with that login has in its environment. */
  const environmentOf = (user: User): Record<string, string> => {
    const password = join(folder, user);
    writeFileSync(password, PASSWORDS[user]);
    const { secure } = kafka;
    if (secure === undefined) throw new Error('Kafka was started without users');
    const { streams } = readConfig({
      TSDB_DEPLOY_KAFKA_BROKERS: secure.saslAddress,
      TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-512',
      TSDB_DEPLOY_KAFKA_USERNAME: user,
    });
    return {
      ...kafkaEnvironment(streams, { password, authorities: secure.certificates.caFile }),
      HOST: '127.0.0.1',
      TSDB_STREAM_PORT: '0',
      TSDB_STREAM_BATCH_MS: '100',
      TSDB_WRITE_ROLE: '',
      TSDB_READ_ROLE: '',
      DATABASE_URL: database.url,
      TSDB_SCHEMAS: 'business,service',
    };
  };
  const produce = (user: User) =>
    tsdb(['produce', 'kafka', '--topic', TOPIC, '--rows', '1000', '--poison', '5'], environmentOf(user));

  it('let a producer write, and the consumer store records and publish letters', async () => {
    expect(await produce('tsdb-producer')).toMatchObject({ code: 0 });
    const consumer = startTsdb(['consume', 'kafka'], { env: environmentOf('tsdb-consumer') });
    const [, url] = await consumer.says(/health and metrics: (\S+)/);
    await waitFor('all records', async () => {
      const [counts] = await select<Record<'rows' | 'letters' | 'waiting', string>>(
        database.url,
        `SELECT (SELECT count(*) FROM business.customer_metrics) AS rows, (SELECT count(*) FROM service.dead_letter) AS letters,
                (SELECT count(*) FROM service.stream_outbox) AS waiting`,
      );
      const { rows = '0', letters = '0', waiting } = counts ?? {};
      return Number(letters) > 0 && Number(rows) + Number(letters) === 1000 && waiting === '0';
    });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    consumer.process.kill('SIGTERM');
    expect(await consumer.finished).toMatchObject({ code: 0 });
    const [letters] = await kafka.admin(async (admin) => [await admin.fetchTopicOffsets(`${TOPIC}.dlq`)]);
    expect(letters?.some(({ high }) => Number(high) > 0)).toBe(true);
    const replayed = await tsdb(['replay', TOPIC, '--json'], environmentOf('tsdb-consumer'));
    // They are still wrong, and have been read and judged again.
    expect(replayed.code).toBe(2);
    expect(JSON.parse(replayed.stdout).errors.length).toBeGreaterThan(0);
  }, 120_000);

  const clientOf = (user: User): Kafka => {
    const { secure } = kafka;
    if (secure === undefined) throw new Error('Kafka was started without users');
    return new Kafka({
      brokers: [secure.saslAddress],
      ssl: { ca: [readFileSync(secure.certificates.caFile)] },
      sasl: { mechanism: 'scram-sha-512', username: user, password: PASSWORDS[user] },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    });
  };

  it('let the consumer write no records, and see no topics of others', async () => {
    const client = clientOf('tsdb-consumer');
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const record = { topic: TOPIC, messages: [{ value: '{}' }] };
    await expect(producer.send(record)).rejects.toThrow(/not authorized/i);
    await producer.disconnect();
    const admin = client.admin();
    await admin.connect();
    expect(await admin.listTopics()).toEqual(expect.not.arrayContaining(['of.somebody.else']));
    await admin.disconnect();
  });

  it('let a producer read nothing', async () => {
    const admin = clientOf('tsdb-producer').admin();
    await admin.connect();
    expect(await admin.listTopics()).not.toContain(`${TOPIC}.dlq`);
    await expect(admin.fetchTopicOffsets(`${TOPIC}.dlq`)).rejects.toThrow();
    await expect(admin.fetchOffsets({ groupId: 'timescale-ingest', topics: [TOPIC] })).rejects.toThrow();
    await admin.disconnect();
  });
});
