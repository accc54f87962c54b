// Logins and certificates against a real Kafka: each way in, and what is said where there is none. A command never tries for ever.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { Partitioners } from 'kafkajs';
import type { Environment } from '../../../db/core/settings';
import { describeUnless } from '../../../db/local/testing/needs';
import { tsdb } from '../../testing/command-line';
import { type Certificates, noOpenssl } from '../testing/certificates';
import { type KafkaUnderTest, noKafka, startKafka } from '../testing/kafka-broker';
import { readKafkaConfig } from './config';
import { refuseWrongSettings } from './refuse-wrong-settings';
import { kafkaClient, PATIENCE } from './security';

const TOPIC = 'bss.customer.metrics';

describeUnless(noKafka ?? noOpenssl, 'security of Kafka', () => {
  let kafka: KafkaUnderTest;
  let folder: string;
  let ways: Readonly<Record<string, Record<string, string>>>;
  let certificates: Certificates;
  beforeAll(async () => {
    kafka = await startKafka({ users: { alice: 'open sesame' } });
    await kafka.createTopic(TOPIC, 1);
    folder = mkdtempSync(join(tmpdir(), 'tsdb-kafka-security-'));
    const { secure } = kafka;
    if (secure === undefined) throw new Error('there are no secure listeners');
    certificates = secure.certificates;
    const trusting = { TSDB_KAFKA_TLS: 'on', TSDB_KAFKA_CA_FILE: certificates.caFile };
    const sasl = { ...trusting, TSDB_KAFKA_BROKERS: secure.saslAddress };
    const alice = {
      TSDB_KAFKA_USERNAME: 'alice',
      TSDB_KAFKA_PASSWORD_FILE: file('password', 'open sesame\n'),
    };
    ways = {
      none: { TSDB_KAFKA_BROKERS: kafka.address },
      plain: { ...sasl, ...alice, TSDB_KAFKA_SASL: 'plain' },
      'scram-sha-256': { ...sasl, ...alice, TSDB_KAFKA_SASL: 'scram-sha-256' },
      'scram-sha-512': { ...sasl, ...alice, TSDB_KAFKA_SASL: 'scram-sha-512' },
      oauthbearer: {
        ...sasl,
        TSDB_KAFKA_SASL: 'oauthbearer',
        TSDB_KAFKA_TOKEN_FILE: file('token', unsignedToken('alice')),
      },
      'mutual TLS': {
        ...trusting,
        TSDB_KAFKA_BROKERS: secure.mtlsAddress,
        TSDB_KAFKA_CERT_FILE: certificates.client.certFile,
        TSDB_KAFKA_KEY_FILE: certificates.client.keyFile,
      },
    };
  });
  afterAll(async () => {
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const client = (env: Environment) => kafkaClient(readKafkaConfig(env), () => undefined, PATIENCE.bounded);

  it.each(['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'mutual TLS'])(
    'sends and reads by %s',
    async (way) => {
      const own = client(ways[way] ?? {});
      const producer = own.producer({ createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
      const [sent] = await producer.send({ topic: TOPIC, messages: [{ key: way, value: way }] });
      await producer.disconnect();
      const consumer = own.consumer({ groupId: way.replace(' ', '-') });
      const read = new Promise<string>((resolve, reject) => {
        const start = async (): Promise<void> => {
          await consumer.connect();
          await consumer.subscribe({ topics: [TOPIC] });
          await consumer.run({
            eachMessage: async ({ message }) => {
              if (message.offset === sent?.baseOffset) resolve(String(message.value));
            },
          });
          consumer.seek({ topic: TOPIC, partition: 0, offset: sent?.baseOffset ?? '' });
        };
        start().catch(reject);
      });
      expect(await read).toBe(way);
      await consumer.disconnect();
    },
  );

  it('counts a password that was replaced from the next login on', async () => {
    const path = file('rotated', 'the one of last year');
    const own = client({ ...ways['scram-sha-512'], TSDB_KAFKA_PASSWORD_FILE: path });
    const lists = async (): Promise<boolean> => {
      const admin = own.admin();
      try {
        await admin.connect();
        return (await admin.listTopics()).includes(TOPIC);
      } finally {
        await admin.disconnect();
      }
    };
    await expect(lists()).rejects.toThrow(/invalid credentials/);
    writeFileSync(path, 'open sesame');
    expect(await lists()).toBe(true);
  });

  /** What the command says where it may not come in. */
  const refusal = async (way: string, changes: Readonly<Record<string, string>>): Promise<string> => {
    const env = { ...ways[way], ...changes, TSDB_SCHEMAS: 'business,service' };
    const { code, stdout, stderr } = await tsdb(['produce', 'kafka', '--rows', '1'], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toMatch(/sesame|last year|at .*\.ts:/);
    return stderr;
  };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('refuses a wrong password by %s', async (way) => {
    expect(await refusal(way, { TSDB_KAFKA_PASSWORD_FILE: file('wrong', 'the one of last year') })).toMatch(
      new RegExp(
        `^error: Kafka at localhost:\\d+ refuses the login with TSDB_KAFKA_SASL=${way}: .*; check the user name`,
      ),
    );
  });

  it('says which file is wrong when a certificate is not trusted', async () => {
    const { stranger } = certificates;
    expect(await refusal('plain', { TSDB_KAFKA_CA_FILE: stranger.certFile })).toMatch(
      /^error: Kafka at .* is not signed by the authority in .*stranger\.crt; put the right one into TSDB_KAFKA_CA_FILE/,
    );
    expect(await refusal('plain', { TSDB_KAFKA_CA_FILE: '' })).toMatch(
      /name the file of its authority in TSDB_KAFKA_CA_FILE/,
    );
    expect(
      await refusal('mutual TLS', {
        TSDB_KAFKA_CERT_FILE: stranger.certFile,
        TSDB_KAFKA_KEY_FILE: stranger.keyFile,
      }),
    ).toMatch(
      /the broker does not accept the client certificate in .*stranger\.crt \(.*alert certificate unknown\)\n$/,
    );
    expect(await refusal('mutual TLS', { TSDB_KAFKA_CERT_FILE: '', TSDB_KAFKA_KEY_FILE: '' })).toMatch(
      /the broker wants a client certificate; set TSDB_KAFKA_CERT_FILE and TSDB_KAFKA_KEY_FILE/,
    );
    expect(await refusal('mutual TLS', { TSDB_KAFKA_KEY_FILE: stranger.keyFile })).toMatch(
      /^error: TSDB_KAFKA_KEY_FILE: .*stranger\.key is not the key of the certificate in .*client\.crt\n$/,
    );
  });

  it('says what is wrong with a port', async () => {
    expect(await refusal('plain', { TSDB_KAFKA_TLS: 'off', TSDB_KAFKA_CA_FILE: '' })).toMatch(
      /a port that wants TSDB_KAFKA_TLS closes connections that begin without it\n$/,
    );
    expect(await refusal('plain', { TSDB_KAFKA_BROKERS: kafka.address })).toMatch(
      /a port without TLS closes connections that begin with it\n$/,
    );
    const { TSDB_KAFKA_USERNAME, TSDB_KAFKA_PASSWORD_FILE, TSDB_KAFKA_SASL, ...noLogin } = ways.plain ?? {};
    expect(await refusal('none', noLogin)).toMatch(
      /a port that wants TSDB_KAFKA_SASL closes connections that begin without it\n$/,
    );
    expect(
      await refusal('none', {
        TSDB_KAFKA_SASL: TSDB_KAFKA_SASL ?? '',
        TSDB_KAFKA_USERNAME: TSDB_KAFKA_USERNAME ?? '',
        TSDB_KAFKA_PASSWORD_FILE: TSDB_KAFKA_PASSWORD_FILE ?? '',
      }),
    ).toMatch(/does not ask for a login on this port; .* TSDB_KAFKA_SASL=none/);
  });

  it('knows certificates that have expired', async () => {
    const key = join(folder, 'old.key');
    const cert = join(folder, 'old.crt');
    expireCertificate(folder, key, cert);
    const config = {
      TSDB_KAFKA_TLS: 'on',
      TSDB_KAFKA_BROKERS: 'localhost:1',
      TSDB_KAFKA_CERT_FILE: cert,
      TSDB_KAFKA_KEY_FILE: key,
    };
    expect(() => readKafkaConfig(config)).toThrow(
      /^TSDB_KAFKA_CERT_FILE: the certificate in .*old\.crt expired on /,
    );
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    const port = await listening(server);
    try {
      await expect(
        refuseWrongSettings(
          readKafkaConfig({
            TSDB_KAFKA_TLS: 'on',
            TSDB_KAFKA_CA_FILE: cert,
            TSDB_KAFKA_BROKERS: `localhost:${port}`,
          }),
        ),
      ).rejects.toThrow(
        /the certificate of the broker has expired, or that of its authority; replace it at the broker/,
      );
    } finally {
      server.close();
    }
  });
});

/** What a broker of tests takes; a real one wants a signature. */
function unsignedToken(sub: string): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  const iat = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub, iat, exp: iat + 3_600 })}.`;
}

/** A self-signed certificate for localhost whose time ended in 2021. */
function expireCertificate(folder: string, key: string, cert: string): void {
  const request = join(folder, 'old.csr');
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[ca]\ndefault_ca=old\n[old]\nnew_certs_dir=${folder}\ndatabase=${folder}/index.txt\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:localhost\n`,
  );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', request, '-subj', '/CN=localhost');
  const time = ['-startdate', '200101000000Z', '-enddate', '210101000000Z'];
  const files = ['-config', join(folder, 'ca.cnf'), '-keyfile', key, '-in', request, '-out', cert];
  openssl('ca', '-batch', '-selfsign', '-notext', ...time, ...files);
}

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
