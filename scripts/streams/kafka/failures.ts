// What a failure of Kafka means, and the way out.
import { messageOf, TsdbError, UsageError } from '../../../db/core/errors';
import type { KafkaConfig } from './config';

/** A broker could not be reached, or answered with an error that may pass. Exit code 1. */
export class BrokerError extends TsdbError {
  readonly exitCode = 1;
}

interface Failure {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/**
 * The failure in words of the settings: a UsageError when a setting or a file must be changed, a BrokerError when it may pass by
 * itself. What is no failure of Kafka or its connection is given back as it is.
 */
export function explained(error: unknown, config: Pick<KafkaConfig, 'brokers' | 'tls' | 'login'>): unknown {
  if (error instanceof TsdbError) return error;
  const origin = originOf(error);
  const { name, code } = origin as Failure;
  if (!String(name).startsWith('KafkaJS')) return error;
  const message = shortened(messageOf(origin));
  const options = { cause: error };
  const brokers = config.brokers.join(', ');
  const fault = faultOf(message, String(code ?? ''), config);
  if (fault !== undefined) return new UsageError(`Kafka at ${brokers}: ${fault} (${message})`, options);
  if (name === 'KafkaJSSASLAuthenticationError')
    return new UsageError(
      `Kafka at ${brokers} refuses the login with TSDB_KAFKA_SASL=${config.login.kind}: ${message}; check the user name, and the password or token or its file`,
      options,
    );
  if (/authorization|authorized/i.test(message))
    return new UsageError(
      `Kafka at ${brokers} does not allow it: ${message}; give the user rights on the topics, the group and the transactions`,
      options,
    );
  return new BrokerError(
    `Kafka at ${brokers} cannot be used: ${message}; check that the broker runs, that the address is right, and that it can be reached from here${hint(message, config)}`,
    options,
  );
}

/** The error under what the library wraps around it. */
function originOf(error: unknown): unknown {
  const { cause, name } = (error ?? {}) as Failure;
  const wraps = name === 'KafkaJSNumberOfRetriesExceeded' || name === 'KafkaJSNonRetriableError';
  return wraps && cause !== undefined && cause !== error ? originOf(cause) : error;
}

/** Faults of TLS, which no second try repairs. */
function faultOf(message: string, code: string, { tls }: Pick<KafkaConfig, 'tls'>): string | undefined {
  if (code === 'CERT_HAS_EXPIRED')
    return 'the certificate of the broker has expired, or that of its authority; replace it at the broker';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'the certificate of the broker is for another name; use the name in the certificate in TSDB_KAFKA_BROKERS';
  if (/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_SIGNATURE_FAILURE/.test(code))
    return tls?.caFile === undefined
      ? 'nobody who is trusted here has signed the certificate of the broker; name the file of its authority in TSDB_KAFKA_CA_FILE'
      : `the certificate of the broker is not signed by the authority in ${tls.caFile}; put the right one into TSDB_KAFKA_CA_FILE`;
  if (/alert (certificate required|bad certificate|handshake failure)/.test(message))
    return tls?.certFile === undefined
      ? 'the broker wants a client certificate; set TSDB_KAFKA_CERT_FILE and TSDB_KAFKA_KEY_FILE'
      : `the broker does not accept the client certificate in ${tls.certFile}`;
  if (/alert (unknown ca|certificate expired|certificate unknown|certificate revoked)/.test(message))
    return `the broker does not accept the client certificate in ${tls?.certFile ?? 'TSDB_KAFKA_CERT_FILE'}`;
  if (/not valid given the current SASL state/.test(message))
    return 'the broker does not ask for a login on this port; use its port for logins, or set TSDB_KAFKA_SASL=none';
  if (/wrong version number|packet length too long/.test(message))
    return 'the broker does not speak TLS on this port; use its port for TLS, or set TSDB_KAFKA_TLS=off';
  return undefined;
}

// A listener for TLS or SASL closes connections that begin otherwise, and says nothing.
function hint(message: string, { tls, login }: Pick<KafkaConfig, 'tls' | 'login'>): string {
  if (/before secure TLS/.test(message)) return '; a port without TLS closes connections that begin with it';
  if (!/closed|ECONNRESET|disconnected/i.test(message)) return '';
  const missing = [
    ...(tls === undefined ? ['TSDB_KAFKA_TLS'] : []),
    ...(login.kind === 'none' ? ['TSDB_KAFKA_SASL'] : []),
  ];
  return missing.length === 0
    ? ''
    : `; a port that wants ${missing.join(' or ')} closes connections that begin without it`;
}

// OpenSSL adds the place in its sources.
const shortened = (message: string): string =>
  message.trim().replace(/\S+:error:\w+:SSL routines:\w+:([^:]+):.*$/s, '$1');
