// The settings of Kafka clients: environment → checked KafkaConfig. Secrets stay behind functions, so that no log can show them.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isLoopback } from '../../../api/access/loopback';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { Environment, Setting } from '../../../db/core/settings';
import { readPasswordFile } from '../../../db/server/database-address';

/** Ways to log in to a broker. */
export const SASL_MECHANISMS = [
  'none',
  'plain',
  'scram-sha-256',
  'scram-sha-512',
  'oauthbearer',
  'azure',
] as const;

/** Where refused records go, besides the table `service.dead_letter`. */
export const DEAD_LETTER_MODES = ['exactly-once', 'at-least-once', 'database'] as const;
export type DeadLetterMode = (typeof DEAD_LETTER_MODES)[number];

/** How a client logs in. The functions read their file anew each time, so that a rotated secret needs no restart. */
export type Login =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: () => string;
    }
  | { readonly kind: 'oauthbearer'; readonly token: () => string }
  | { readonly kind: 'azure'; readonly token: () => Promise<string> };

/** Files in PEM format; the authorities of the system are trusted when there is no `caFile`. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface KafkaConfig {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Consumer group; it is also part of the ids of transactions. */
  readonly group: string;
  /** Undefined = without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly login: Login;
  readonly deadLetters: DeadLetterMode;
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
    meaning: 'consumer group; positions are stored for each group, so a new name reads from the beginning',
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
];

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
  const login = readLogin(env, choice('TSDB_KAFKA_SASL', SASL_MECHANISMS), faults);
  if (sendsSecret(login) && tls === undefined && !brokers.every(isHere))
    faults.push(
      `TSDB_KAFKA_SASL=${login.kind} sends its secret as it is, so it needs an encrypted connection: set TSDB_KAFKA_TLS=on`,
    );
  const deadLetters = choice('TSDB_KAFKA_DEAD_LETTERS', DEAD_LETTER_MODES);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({ brokers, group, tls, login, deadLetters });
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

const sendsSecret = ({ kind }: Login): boolean =>
  kind === 'plain' || kind === 'oauthbearer' || kind === 'azure';

function readTls(env: Environment, isOn: boolean, faults: string[]): TlsFiles | undefined {
  const files = {
    ...(env.TSDB_KAFKA_CA_FILE ? { caFile: env.TSDB_KAFKA_CA_FILE } : {}),
    ...(env.TSDB_KAFKA_CERT_FILE ? { certFile: env.TSDB_KAFKA_CERT_FILE } : {}),
    ...(env.TSDB_KAFKA_KEY_FILE ? { keyFile: env.TSDB_KAFKA_KEY_FILE } : {}),
  };
  if (!isOn) {
    if (Object.keys(files).length > 0)
      faults.push(
        'TSDB_KAFKA_TLS is off, so the files with certificates have no effect: set TSDB_KAFKA_TLS=on',
      );
    return undefined;
  }
  if (files.caFile !== undefined) readCertificate('TSDB_KAFKA_CA_FILE', files.caFile, faults);
  if ((files.certFile === undefined) !== (files.keyFile === undefined))
    faults.push('TSDB_KAFKA_CERT_FILE and TSDB_KAFKA_KEY_FILE belong together; set both or none');
  if (files.certFile !== undefined && files.keyFile !== undefined)
    checkPair(files.certFile, files.keyFile, faults);
  return Object.freeze(files);
}

function checkPair(certFile: string, keyFile: string, faults: string[]): void {
  const certificate = readCertificate('TSDB_KAFKA_CERT_FILE', certFile, faults);
  const key = readKey(keyFile, faults);
  if (certificate === undefined || key === undefined) return;
  if (!certificate.checkPrivateKey(key))
    faults.push(`TSDB_KAFKA_KEY_FILE: ${keyFile} is not the key of the certificate in ${certFile}`);
  if (new Date(certificate.validTo) < new Date())
    faults.push(`TSDB_KAFKA_CERT_FILE: the certificate in ${certFile} expired on ${certificate.validTo}`);
}

/** The first certificate of a file. */
function readCertificate(name: string, path: string, faults: string[]): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(path));
  } catch (error) {
    faults.push(`${name}: ${path} has no certificate in PEM format: ${messageOf(error)}`);
    return undefined;
  }
}

function readKey(path: string, faults: string[]): KeyObject | undefined {
  try {
    return createPrivateKey(readFileSync(path));
  } catch (error) {
    faults.push(
      `TSDB_KAFKA_KEY_FILE: ${path} has no key in PEM format without a passphrase: ${messageOf(error)}`,
    );
    return undefined;
  }
}

function readLogin(env: Environment, kind: (typeof SASL_MECHANISMS)[number], faults: string[]): Login {
  const given = ['USERNAME', 'PASSWORD', 'PASSWORD_FILE', 'TOKEN_FILE']
    .map((part) => `TSDB_KAFKA_${part}`)
    .filter((name) => env[name]);
  const takes = (names: readonly string[]): void => {
    const odd = given.filter((name) => !names.includes(name));
    if (odd.length > 0)
      faults.push(
        `TSDB_KAFKA_SASL is ${kind}, which does not take ${odd.join(' and ')}: set another way to log in`,
      );
  };
  if (kind === 'none') {
    takes([]);
    return { kind };
  }
  if (kind === 'azure') {
    takes([]);
    return {
      kind,
      token: () => Promise.reject(new UsageError('TSDB_KAFKA_SASL=azure is not available yet')),
    };
  }
  if (kind === 'oauthbearer') {
    takes(['TSDB_KAFKA_TOKEN_FILE']);
    return { kind, token: secretFile('TSDB_KAFKA_TOKEN_FILE', env, faults) };
  }
  takes(['TSDB_KAFKA_USERNAME', 'TSDB_KAFKA_PASSWORD', 'TSDB_KAFKA_PASSWORD_FILE']);
  const username = env.TSDB_KAFKA_USERNAME ?? '';
  if (username === '') faults.push(`TSDB_KAFKA_USERNAME is not set, and TSDB_KAFKA_SASL=${kind} needs it`);
  const password = env.TSDB_KAFKA_PASSWORD;
  if (password && env.TSDB_KAFKA_PASSWORD_FILE)
    faults.push('TSDB_KAFKA_PASSWORD and TSDB_KAFKA_PASSWORD_FILE are both set; keep one');
  return {
    kind,
    username,
    password: password ? () => password : secretFile('TSDB_KAFKA_PASSWORD_FILE', env, faults),
  };
}

function secretFile(name: string, env: Environment, faults: string[]): () => string {
  const path = env[name];
  if (!path) {
    faults.push(`${name} is not set, and TSDB_KAFKA_SASL=${env.TSDB_KAFKA_SASL} needs it`);
    return () => '';
  }
  try {
    if (readPasswordFile(path) === '') faults.push(`${name}: ${path} is empty`);
  } catch (error) {
    faults.push(`${name} cannot be read: ${messageOf(error)}`);
  }
  return () => readPasswordFile(path);
}
