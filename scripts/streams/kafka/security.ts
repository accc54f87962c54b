// A client of Kafka with our settings: addresses, TLS, login, patience, and its log as lines of ours.
import { readFileSync } from 'node:fs';
import {
  Kafka,
  type KafkaConfig as KafkaOptions,
  type LogEntry,
  logLevel,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs';
import { unreachable } from '../../../db/core/unreachable';
import { repairAbortedRecords } from './aborted-records';
import { acceptCompressedBatches } from './codecs';
import type { KafkaConfig } from './config';
import type { Login } from './login';
import type { TlsFiles } from './tls-files';

/** Takes the lines of the log. */
export type KafkaLog = (level: 'error' | 'warn' | 'info' | 'debug', line: string) => void;

/**
 * How long a client tries again after failures that may pass. The library takes the setting of its client for connections, but
 * consumers must be given it once more, because they have a default of their own.
 */
export const PATIENCE = {
  /** For a consumer: it outlives a broker that is away for hours. */
  endless: { initialRetryTime: 300, maxRetryTime: 5_000, retries: Number.MAX_SAFE_INTEGER },
  /** For a command: it fails after about ten seconds. */
  bounded: { initialRetryTime: 300, maxRetryTime: 5_000, retries: 5 },
} as const satisfies Readonly<Record<string, RetryOptions>>;

const CONNECT_TIMEOUT_MS = 10_000;
const AUTHENTICATION_TIMEOUT_MS = 10_000;

/** A client; nothing is connected before its consumer, producer or admin is. */
export function kafkaClient(
  { brokers, tls, login }: Pick<KafkaConfig, 'brokers' | 'tls' | 'login'>,
  log: KafkaLog,
  retry: RetryOptions = PATIENCE.endless,
): Kafka {
  const sasl = saslOf(login);
  acceptCompressedBatches();
  repairAbortedRecords();
  return new Kafka({
    clientId: 'tsdb',
    brokers: [...brokers],
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: AUTHENTICATION_TIMEOUT_MS,
    retry,
    logLevel: logLevel.INFO,
    logCreator: () => logLines(log),
    ...(tls === undefined ? {} : { ssl: tlsOf(tls) }),
    ...(sasl === undefined ? {} : { sasl }),
  });
}

// The library reads these members for each connection, so that files that were replaced count from the next one on.
function tlsOf({ caFile, certFile, keyFile }: TlsFiles): NonNullable<KafkaOptions['ssl']> {
  const file = (path: string) => ({ enumerable: true, get: () => readFileSync(path) });
  return Object.defineProperties(
    {},
    {
      ...(caFile === undefined ? {} : { ca: file(caFile) }),
      ...(certFile === undefined ? {} : { cert: file(certFile) }),
      ...(keyFile === undefined ? {} : { key: file(keyFile) }),
    },
  );
}

// The library asks for each login anew, so a rotated secret counts from the next one on.
function saslOf(login: Login): KafkaOptions['sasl'] {
  switch (login.kind) {
    case 'none':
      return undefined;
    case 'plain':
    case 'scram-sha-256':
    case 'scram-sha-512':
      return {
        mechanism: login.kind,
        username: login.username,
        get password() {
          return login.password();
        },
      } as SASLOptions;
    case 'oauthbearer':
    case 'azure':
      return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await login.token() }) };
    default:
      return unreachable(login);
  }
}

/** Tells the user of a command what goes wrong, and nothing else. */
export const troublesTo =
  (note: (line: string) => void): KafkaLog =>
  (level, line) => {
    if (level === 'warn' || level === 'error') note(line);
  };

const LEVELS = new Map<logLevel, Parameters<KafkaLog>[0]>([
  [logLevel.ERROR, 'warn'],
  [logLevel.WARN, 'warn'],
]);

const REPEAT_MS = 10_000;

/**
 * Writes what the library logs as single lines without stacks. Its errors are warnings here, because it tries again by itself; what
 * it gives up is thrown. The same line comes every ten seconds at most, so that a broker that is away does not fill the log.
 */
function logLines(log: KafkaLog): (entry: LogEntry) => void {
  const saidAt = new Map<string, number>();
  return ({ level, log: { message, broker, topic, error } }) => {
    // Advice to those who come from an older version of the library; and a warning about fewer tries, which does not matter here:
    // letters wait in the outbox, and samples may be stopped at any record.
    if (/switched default partitioner|may invalidate EoS guarantees/.test(message)) return;
    const about = [broker, topic, error].filter(
      (part) => typeof part === 'string' && !message.includes(part),
    );
    const line = `kafka: ${message}${about.length > 0 ? ` (${about.join(', ')})` : ''}`;
    const now = Date.now();
    if (now - (saidAt.get(line) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    if (saidAt.size > 1_000) saidAt.clear();
    saidAt.set(line, now);
    // An answer that says "not yet" is followed by another question.
    log(message.startsWith('Response ') ? 'debug' : (LEVELS.get(level) ?? 'debug'), line);
  };
}
