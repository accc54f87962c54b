// Settings of Kafka clients: all faults at once, no secret in any message, and secrets by file read anew.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Environment } from '../../../db/core/settings';
import { kafkaSettings, readKafkaConfig } from './config';
import type { Login } from './login';

const folder = mkdtempSync(join(tmpdir(), 'tsdb-kafka-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const brokers = { TSDB_KAFKA_BROKERS: 'kafka-1:9092' };

function faultsOf(env: Environment): readonly string[] {
  try {
    readKafkaConfig(env);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('settings of Kafka', () => {
  it('need the brokers only', () => {
    expect(readKafkaConfig({ TSDB_KAFKA_BROKERS: ' kafka-1:9092, 10.0.0.2:9093,' })).toEqual({
      brokers: ['kafka-1:9092', '10.0.0.2:9093'],
      group: 'timescale-ingest',
      tls: undefined,
      login: { kind: 'none' },
      deadLetters: 'exactly-once',
      sessionMs: 10_000,
    });
  });

  it('tell all faults at once and show no secret', () => {
    const faults = faultsOf({
      TSDB_KAFKA_BROKERS: 'kafka-1,[::1]:9092,kafka-2:99999',
      TSDB_KAFKA_GROUP: 'a group',
      TSDB_KAFKA_TLS: 'yes',
      TSDB_KAFKA_SASL: 'plain',
      TSDB_KAFKA_PASSWORD: 'open sesame',
      TSDB_KAFKA_PASSWORD_FILE: join(folder, 'none'),
      TSDB_KAFKA_DEAD_LETTERS: 'never',
    });
    expect(faults).toEqual([
      expect.stringMatching(/^TSDB_KAFKA_BROKERS: "kafka-1" is not host:port/),
      expect.stringMatching(/^TSDB_KAFKA_BROKERS: "\[::1\]:9092" is not/),
      expect.stringMatching(/^TSDB_KAFKA_BROKERS: "kafka-2:99999" is not/),
      expect.stringMatching(/^TSDB_KAFKA_GROUP must be .* got "a group"$/),
      expect.stringMatching(/^TSDB_KAFKA_TLS must be one of off, on, got "yes"$/),
      expect.stringMatching(/^TSDB_KAFKA_USERNAME is not set/),
      'TSDB_KAFKA_PASSWORD and TSDB_KAFKA_PASSWORD_FILE are both set; keep one',
      expect.stringMatching(/^TSDB_KAFKA_SASL=plain sends its secret as it is.* TSDB_KAFKA_TLS=on$/),
      expect.stringMatching(/^TSDB_KAFKA_DEAD_LETTERS must be one of exactly-once, /),
    ]);
    expect(faults.join()).not.toContain('sesame');
  });

  it.each<[string, Environment, RegExp]>([
    ['no brokers', { TSDB_KAFKA_BROKERS: ' , ' }, /^TSDB_KAFKA_BROKERS is not set; write addresses/],
    [
      'files of certificates without TLS',
      { ...brokers, TSDB_KAFKA_CA_FILE: '/ca.pem' },
      /^TSDB_KAFKA_TLS is off, so/,
    ],
    [
      'a certificate without its key',
      { ...brokers, TSDB_KAFKA_TLS: 'on', TSDB_KAFKA_CERT_FILE: '/cert.pem' },
      /^TSDB_KAFKA_CERT_FILE and TSDB_KAFKA_KEY_FILE belong together/,
    ],
    [
      'a file without a certificate',
      { ...brokers, TSDB_KAFKA_TLS: 'on', TSDB_KAFKA_CA_FILE: __filename },
      /^TSDB_KAFKA_CA_FILE: .*config\.test\.ts has no certificate in PEM format/,
    ],
    [
      'a login that is not asked for',
      { ...brokers, TSDB_KAFKA_USERNAME: 'me', TSDB_KAFKA_PASSWORD: 'x' },
      /^TSDB_KAFKA_SASL is none, which does not take TSDB_KAFKA_USERNAME and TSDB_KAFKA_PASSWORD: set/,
    ],
    [
      'a token of a machine over a readable connection',
      { ...brokers, TSDB_KAFKA_SASL: 'azure' },
      /^TSDB_KAFKA_SASL=azure sends its secret/,
    ],
    [
      'a token file that is not there',
      {
        ...brokers,
        TSDB_KAFKA_TLS: 'on',
        TSDB_KAFKA_SASL: 'oauthbearer',
        TSDB_KAFKA_TOKEN_FILE: join(folder, 'none'),
      },
      /^TSDB_KAFKA_TOKEN_FILE cannot be read: ENOENT/,
    ],
    [
      'no token file',
      { ...brokers, TSDB_KAFKA_TLS: 'on', TSDB_KAFKA_SASL: 'oauthbearer' },
      /^TSDB_KAFKA_TOKEN_FILE is not set/,
    ],
  ])('refuse %s', (_, env, fault) => expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]));

  it('allow a readable password to this machine, and a scram login, which sends none', () => {
    const login = { TSDB_KAFKA_USERNAME: 'me', TSDB_KAFKA_PASSWORD: 'open sesame' };
    expect(faultsOf({ TSDB_KAFKA_BROKERS: 'localhost:9092', TSDB_KAFKA_SASL: 'plain', ...login })).toEqual(
      [],
    );
    expect(faultsOf({ ...brokers, TSDB_KAFKA_SASL: 'scram-sha-512', ...login })).toEqual([]);
  });

  it('keep secrets out of what is printed, and read those in files anew', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'first\n');
    const config = readKafkaConfig({
      ...brokers,
      TSDB_KAFKA_SASL: 'scram-sha-256',
      TSDB_KAFKA_USERNAME: 'me',
      TSDB_KAFKA_PASSWORD_FILE: file,
    });
    const { password } = config.login as Extract<Login, { password: unknown }>;
    expect(password()).toBe('first');
    writeFileSync(file, 'second\n');
    expect(password()).toBe('second');
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toMatch(/first|second/);
  });

  it('are named once and say what they mean', () => {
    expect(new Set(kafkaSettings.map(({ name }) => name)).size).toBe(kafkaSettings.length);
    for (const { name, meaning } of kafkaSettings) {
      expect(name).toMatch(/^TSDB_(KAFKA|SCHEMA_REGISTRY)/);
      expect(meaning.length).toBeGreaterThan(10);
    }
  });
});
