// For tests: a real Apache Kafka with one node, from a folder of jars, where one is given.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { freePort } from '../../../db/local/free-port';
import { waitFor } from '../../../db/local/testing/wait';
import { withAdmin } from '../kafka/admin';
import { type BrokerProcess, type BrokerUnderTest, findProgram, startBroker, tailOf } from './broker-process';
import { type Certificates, makeCertificates } from './certificates';
import { type KafkaUsers, kafkaSettings, scramUsers } from './kafka-settings';

export interface KafkaStart {
  /** Opens the listeners with TLS too, for these users. */
  readonly users?: KafkaUsers;
  /** Settings of server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Kafka of one test file. */
export interface KafkaUnderTest extends BrokerUnderTest {
  /** host:port, without TLS. */
  readonly address: string;
  /** Set when it was started with users. */
  readonly secure?: {
    /** host:port of TLS with SASL. */
    readonly saslAddress: string;
    /** host:port of TLS with a certificate of the client. */
    readonly mtlsAddress: string;
    readonly certificates: Certificates;
  };
  /** A client with few words. Connections that it opens must be closed before the broker stops. */
  client(clientId?: string): Kafka;
  /** Runs with an administrator's connection, and closes it. */
  admin<T>(use: (admin: Admin) => Promise<T>): Promise<T>;
  /** Makes a topic, and waits until its partitions have a leader. */
  createTopic(name: string, partitions: number, config?: Readonly<Record<string, string>>): Promise<void>;
}

const jars = process.env.TSDB_KAFKA_LIB;
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : findProgram('java');

/** Why tests with a real Kafka are skipped; undefined where one can be started. */
export const noKafka: string | undefined =
  jars === undefined || jars === ''
    ? 'TSDB_KAFKA_LIB does not name a folder with the jars of org.apache.kafka:kafka_2.13'
    : kafkaVersion(jars) === undefined
      ? `${jars} (TSDB_KAFKA_LIB) holds no kafka_2.13-….jar`
      : java === undefined || !existsSync(java)
        ? 'Java is not on PATH, and JAVA_HOME does not name one'
        : undefined;

/** What was found, for people: a version and a folder, or what is missing. */
export const kafkaFound = (): string =>
  noKafka ?? `Apache Kafka ${kafkaVersion(jars ?? '')} in ${jars}, ${java}`;

function kafkaVersion(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder).flatMap((file) => /^kafka_2\.13-(.+)\.jar$/.exec(file)?.[1] ?? [])[0];
}

/** Starts it with an empty data folder. */
export async function startKafka({ users, settings = {} }: KafkaStart = {}): Promise<KafkaUnderTest> {
  if (noKafka !== undefined || java === undefined) throw new Error(noKafka);
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-kafka-'));
  const ports = {
    plaintext: await freePort(),
    controller: await freePort(),
    sasl: await freePort(),
    mtls: await freePort(),
  };
  const certificates = users === undefined ? undefined : makeCertificates(folder);
  const security = certificates && users ? { certificates, users } : undefined;
  const file = join(folder, 'server.properties');
  writeFileSync(file, kafkaSettings({ folder, ports, security, more: settings }));
  format(java, file, users ?? {});
  const address = `127.0.0.1:${ports.plaintext}`;
  const logFile = join(folder, 'kafka.log');
  const client = (clientId = 'test') =>
    new Kafka({ clientId, brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 10 } });
  const admin: KafkaUnderTest['admin'] = (use) => withAdmin(client(), use);
  const broker = await startBroker({
    ...{ program: java, args: [...jvm(), 'kafka.Kafka', file], logFile, folder },
    ready: (running) => waitUntilReady(address, running, logFile),
  });
  return {
    address,
    ...(certificates && {
      secure: {
        saslAddress: `localhost:${ports.sasl}`,
        mtlsAddress: `localhost:${ports.mtls}`,
        certificates,
      },
    }),
    client,
    admin,
    createTopic: (topic, numPartitions, config = {}) =>
      admin(async (open) => {
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
        const made = { topic, numPartitions, replicationFactor: 1, configEntries };
        await open.createTopics({ topics: [made], waitForLeaders: false });
        // Until then the broker answers that it does not know the topic.
        await waitFor(`all partitions of ${topic}`, async () => {
          const known = await open.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
          const partitions = known?.topics[0]?.partitions ?? [];
          return partitions.length === numPartitions && partitions.every(({ leader }) => leader >= 0);
        });
      }),
    ...broker,
  };
}

/** The options of Java that a small server needs; both bindings of its logs are told to be brief. */
const jvm = (): readonly string[] => [
  '-Xms64m',
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dlog4j2.level=WARN',
  '-cp',
  join(jars ?? '', '*'),
];

function format(program: string, file: string, users: KafkaUsers): void {
  const clusterId = Buffer.alloc(16, 1).toString('base64url');
  const args = [...jvm(), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file];
  const made = spawnSync(program, [...args, ...scramUsers(users)], { encoding: 'utf8' });
  if (made.status !== 0)
    throw new Error(`the data folder of Kafka was not made: ${made.stdout}${made.stderr}`);
}

/** Ready is a broker that lists itself: before its controller has let it in, it lists none. */
async function waitUntilReady(address: string, broker: BrokerProcess, logFile: string): Promise<void> {
  const impatient = new Kafka({
    brokers: [address],
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const listsItself = (): Promise<boolean> => {
    if (broker.ended()) throw new Error(`Kafka ended:\n${tailOf(logFile)}`);
    return withAdmin(impatient, async (admin) => (await admin.describeCluster()).brokers.length === 1).catch(
      () => false,
    );
  };
  // A Java virtual machine on a machine that is busy with other things.
  const patience = { everyMs: 100, atMostMs: 120_000 };
  await waitFor('Kafka lists itself', listsItself, patience).catch((error: Error) => {
    throw new Error(`${error.message}\n${tailOf(logFile)}`);
  });
}
