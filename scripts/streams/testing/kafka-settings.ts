// For tests: server.properties of a Kafka with one node.
import { join } from 'node:path';
import type { Certificates } from './certificates';

/** Users of the listener with passwords. Both mechanisms know them. */
export type KafkaUsers = Readonly<Record<string, string>>;

/** Ports of the listeners on loopback. */
export interface KafkaPorts {
  readonly plaintext: number;
  readonly controller: number;
  /** TLS with SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and OAUTHBEARER with unsigned tokens). */
  readonly sasl: number;
  /** TLS with a certificate of the client. */
  readonly mtls: number;
}

export interface KafkaSecurity {
  readonly certificates: Certificates;
  readonly users: KafkaUsers;
}

export interface KafkaSettings {
  readonly folder: string;
  readonly ports: KafkaPorts;
  readonly security: KafkaSecurity | undefined;
  /** Settings of the server that replace those of the tests. */
  readonly more: Readonly<Record<string, string>>;
}

/** The text of server.properties. */
export function kafkaSettings({ folder, ports, security, more }: KafkaSettings): string {
  const secure = security === undefined ? [] : securityListeners(ports);
  // Clients check the name in the certificate, so TLS is reached by a name.
  const listeners = [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', host: '127.0.0.1', port: ports.plaintext }];
  const all = [...listeners, ...secure];
  const settings: Readonly<Record<string, string>> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: [
      ...all.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
      `CONTROLLER://127.0.0.1:${ports.controller}`,
    ].join(),
    'advertised.listeners': all.map(({ name, host, port }) => `${name}://${host}:${port}`).join(),
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...all.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(),
    'log.dirs': join(folder, 'data'),
    // A topic exists when a test has made it.
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Less memory and fewer threads than a server of a data centre.
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '4',
    // A broker that comes back after a kill waits until its former session has ended.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...(security === undefined ? {} : securitySettings(security)),
    ...more,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const securityListeners = ({ sasl, mtls }: KafkaPorts) => [
  { name: 'SASL', protocol: 'SASL_SSL', host: 'localhost', port: sasl },
  { name: 'MTLS', protocol: 'SSL', host: 'localhost', port: mtls },
];

function securitySettings({ certificates, users }: KafkaSecurity): Readonly<Record<string, string>> {
  const passwords = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const login = 'listener.name.sasl';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.serverFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.caFile,
    'listener.name.mtls.ssl.client.auth': 'required',
    [`${login}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${login}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords.join(' ')};`,
    [`${login}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${login}.scram-sha-512.sasl.jaas.config`]: scram,
    [`${login}.oauthbearer.sasl.jaas.config`]:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
  };
}

/** Arguments of the storage tool that make the users known to SCRAM. */
export const scramUsers = (users: KafkaUsers): readonly string[] =>
  ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    Object.entries(users).flatMap(([name, password]) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
