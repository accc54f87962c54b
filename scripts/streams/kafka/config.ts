// The settings of Kafka clients: environment → checked KafkaConfig. Secrets stay behind functions, so that no log can show them.
import { isLoopback } from '../../../api/access/loopback';
import type { RegistryOptions } from '../../../api/streams/schema-registry';
import { UsageError } from '../../../db/core/errors';
import type { Environment, Setting } from '../../../db/core/settings';
import { type Login, readLogin, SASL_MECHANISMS, sendsSecret } from './login';
import { readRegistry, registrySettings } from './registry';
import { readTls, type TlsFiles } from './tls-files';

/** Where refused records go, besides the table `service.dead_letter`. */
export const DEAD_LETTER_MODES = ['exactly-once', 'at-least-once', 'database'] as const;
export type DeadLetterMode = (typeof DEAD_LETTER_MODES)[number];

export interface KafkaConfig {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Consumer group; it is also part of the ids of transactions. */
  readonly group: string;
  /** Undefined = without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly login: Login;
  readonly deadLetters: DeadLetterMode;
  /** Session of a member of the group, in milliseconds. */
  readonly sessionMs: number;
  /** Undefined = there is none. */
  readonly registry: RegistryOptions | undefined;
}

/** Settings of every command that talks to Kafka. */
export const kafkaSettings: readonly Setting[] = [
  {
    name: 'TSDB_KAFKA_BROKERS',
    default: '',
    meaning: 'comma-separated addresses of Kafka brokers: `kafka-1:9092,kafka-2:9092`',
  },
  {
    name: 'TSDB_KAFKA_GROUP',
    default: 'timescale-ingest',
    meaning: 'consumer group; a different group stores every topic again from its beginning',
  },
  {
    name: 'TSDB_KAFKA_TLS',
    default: 'off',
    meaning: 'whether connections to the brokers are encrypted: `on` or `off`',
  },
  {
    name: 'TSDB_KAFKA_CA_FILE',
    default: '',
    meaning:
      'file with the authorities that the brokers’ certificates are checked with; empty = those of Node.js',
  },
  { name: 'TSDB_KAFKA_CERT_FILE', default: '', meaning: 'file with the client certificate, for mutual TLS' },
  { name: 'TSDB_KAFKA_KEY_FILE', default: '', meaning: 'file with the key of the client certificate' },
  {
    name: 'TSDB_KAFKA_SASL',
    default: 'none',
    meaning:
      'how to log in to the brokers: `none`, `plain`, `scram-sha-256`, `scram-sha-512`, `oauthbearer`, or `azure` (the identity of a pod or machine)',
  },
  { name: 'TSDB_KAFKA_USERNAME', default: '', meaning: 'user name, for `plain` and `scram`' },
  { name: 'TSDB_KAFKA_PASSWORD', default: '', meaning: 'password, for `plain` and `scram`' },
  {
    name: 'TSDB_KAFKA_PASSWORD_FILE',
    default: '',
    meaning:
      'file that contains the password, read again at each login; use it instead of `TSDB_KAFKA_PASSWORD`',
  },
  {
    name: 'TSDB_KAFKA_TOKEN_FILE',
    default: '',
    meaning: 'file that contains the token for `oauthbearer`, read again at each login',
  },
  {
    name: 'TSDB_KAFKA_DEAD_LETTERS',
    default: 'exactly-once',
    meaning:
      'how refused records get into the topic `<topic>.dlq`: `exactly-once` (Kafka transactions), `at-least-once` (for brokers without transactions), or `database` (only into `service.dead_letter`)',
  },
  {
    name: 'TSDB_KAFKA_SESSION_MS',
    default: '10000',
    meaning: 'after how long without a sign of life other consumers take over, in milliseconds',
  },
  ...registrySettings,
];

const SESSION_MS = { least: 6_000, most: 1_800_000 };

/**
 * Reads the settings. An empty value counts as not set.
 * @throws UsageError that lists all faults at once and never shows a secret.
 */
export function readKafkaConfig(env: Environment): KafkaConfig {
  const faults: string[] = [];
  const text = (name: string): string =>
    env[name] || kafkaSettings.find((setting) => setting.name === name)?.default || '';
  const choice = <const T extends string>(name: string, allowed: readonly [T, ...T[]]): T => {
    const value = allowed.find((known) => known === text(name));
    if (value === undefined) faults.push(`${name} must be one of ${allowed.join(', ')}, got "${text(name)}"`);
    return value ?? allowed[0];
  };
  const brokers = readBrokers(text('TSDB_KAFKA_BROKERS'), faults);
  const group = text('TSDB_KAFKA_GROUP');
  if (!/^[\w.-]{1,200}$/.test(group))
    faults.push(
      `TSDB_KAFKA_GROUP must be 1 to 200 letters, digits, dots, hyphens or underscores, got "${group}"`,
    );
  const tls = readTls(env, choice('TSDB_KAFKA_TLS', ['off', 'on']) === 'on', faults);
  const login = readLogin(env, choice('TSDB_KAFKA_SASL', SASL_MECHANISMS), brokers, faults);
  if (sendsSecret(login) && tls === undefined && !brokers.every(isHere))
    faults.push(
      `TSDB_KAFKA_SASL=${login.kind} sends its secret as it is, so it needs an encrypted connection: set TSDB_KAFKA_TLS=on`,
    );
  const deadLetters = choice('TSDB_KAFKA_DEAD_LETTERS', DEAD_LETTER_MODES);
  const { least, most } = SESSION_MS;
  const sessionMs = Number(text('TSDB_KAFKA_SESSION_MS'));
  if (!(Number.isInteger(sessionMs) && sessionMs >= least && sessionMs <= most))
    faults.push(
      `TSDB_KAFKA_SESSION_MS must be a whole number from ${least} to ${most}, got "${text('TSDB_KAFKA_SESSION_MS')}"`,
    );
  const registry = readRegistry(env, faults);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({ brokers, group, tls, login, deadLetters, sessionMs, registry });
}

function readBrokers(text: string, faults: string[]): readonly string[] {
  const brokers = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (brokers.length === 0)
    faults.push(
      'TSDB_KAFKA_BROKERS is not set; write addresses of brokers, such as kafka-1:9092,kafka-2:9092',
    );
  for (const broker of brokers) {
    const port = Number(/^[A-Za-z0-9._-]+:(\d{1,5})$/.exec(broker)?.[1] ?? 0);
    if (port < 1 || port > 65_535)
      faults.push(`TSDB_KAFKA_BROKERS: "${broker}" is not host:port (an IPv6 address needs a host name)`);
  }
  return brokers;
}

const isHere = (broker: string): boolean => isLoopback(broker.slice(0, broker.lastIndexOf(':')));
