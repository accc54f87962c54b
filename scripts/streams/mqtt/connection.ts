// One connection to an MQTT broker, over mqtt.js. Messages are acknowledged when the consumer says so, and not when they arrive.
import { readFileSync } from 'node:fs';
import {
  connect,
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import type { Message } from '../../../api/streams/message';
import { messageOf } from '../../../db/core/errors';
import type { MqttConfig } from './config';

/** A message that has arrived. */
export interface Delivery {
  readonly message: Message;
  /** By which it is acknowledged, on the connection that it came by; undefined for QoS 0, which has no acknowledgement. */
  readonly packetId: number | undefined;
  readonly connection: MqttConnection;
}

/** What a connection tells its consumer. */
export interface ConnectionEvents {
  delivered(delivery: Delivery): void;
  /** Whether the consumer holds so much that nothing more is to be read until `resume`. */
  isFull(): boolean;
}

/** What the broker said about the session. */
export interface Session {
  /** Whether it continues an earlier one. Otherwise nothing was kept for this client while it was away. */
  readonly isPresent: boolean;
  /** Seconds for which the broker keeps it without a connection; undefined = as long as was asked for. */
  readonly keptSeconds: number | undefined;
}

export interface MqttConnection {
  /** Settles when the broker has accepted the connection and every subscription. */
  readonly ready: Promise<Session>;
  /** Resolves with the reason when the connection has ended, also one that never became ready. */
  readonly ended: Promise<ConnectionEnd>;
  /** Acknowledges messages that came by this connection, in this order. When it has ended, the broker delivers them again. */
  acknowledge(packetIds: readonly number[]): void;
  /** Reads on after `isFull`. */
  resume(): void;
  /** Ends the connection in an orderly way. The broker keeps the session. */
  disconnect(): void;
}

export interface ConnectionEnd {
  readonly reason: string;
  /** Another client has connected with the same client id and has taken the session over. Only version 5 tells. */
  readonly isTakenOver: boolean;
}

const CONNECT_MS = 15_000;
const GOODBYE_MS = 5_000;
const KEEPALIVE_SECONDS = 30;
/** The session does not expire, unless the broker has a limit. */
const NEVER = 0xffffffff;
const SESSION_TAKEN_OVER = 142;

/** Connects and subscribes. */
export function openConnection(
  config: MqttConfig,
  filters: readonly string[],
  events: ConnectionEvents,
): MqttConnection {
  const client = connect(config.url, optionsOf(config));
  let reason = 'the connection was closed';
  let isTakenOver = false;
  let isEnded = false;
  let readOn: (() => void) | undefined;

  // mqtt.js sends the acknowledgement of a message before it reads the next one. A message that it takes for QoS 0 gets none from it.
  const packetIds = new WeakMap<IPublishPacket, number>();
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 1 || packet.messageId === undefined) return;
    packetIds.set(packet, packet.messageId);
    packet.qos = 0;
  });
  client.on('packetsend', ({ cmd }) => {
    if (cmd === 'puback') fail('mqtt.js has acknowledged a message by itself');
  });
  client.handleMessage = (packet, done) => {
    events.delivered({
      message: messageFrom(packet, Date.now()),
      packetId: packetIds.get(packet),
      connection,
    });
    if (events.isFull()) readOn = done;
    else done();
  };
  const fail = (why: string): void => {
    reason = why;
    client.stream.destroy();
  };

  client.on('error', (error) => {
    reason = messageOf(error);
  });
  client.on('disconnect', ({ reasonCode }) => {
    isTakenOver = reasonCode === SESSION_TAKEN_OVER;
    reason = `the broker ended the connection${reasonCode ? ` with reason code ${reasonCode}` : ''}`;
  });
  const ended = new Promise<ConnectionEnd>((resolve) => {
    client.once('close', () => {
      isEnded = true;
      resolve({ reason, isTakenOver });
    });
  });
  const ready = new Promise<Session>((resolve, reject) => {
    client.once('connect', (connack) => {
      subscribe(client, config, filters).then(
        () => resolve(sessionOf(connack)),
        (error: unknown) => fail(messageOf(error)),
      );
    });
    void ended.then((end) => reject(new Error(end.reason)));
  });
  ready.catch(() => undefined);

  const connection: MqttConnection = {
    ready,
    ended,
    acknowledge: (ids) => {
      // Packet ids count anew on the next connection, so nothing is acknowledged on another connection than that of the message.
      if (isEnded || ids.length === 0) return;
      client.stream.write(Buffer.concat(ids.map(pubackOf)));
    },
    resume: () => {
      const done = readOn;
      readOn = undefined;
      done?.();
    },
    disconnect: () => {
      client.end(!client.connected);
      setTimeout(() => client.stream.destroy(), GOODBYE_MS).unref();
    },
  };
  return connection;
}

/** PUBACK with reason "success", the same in both versions: its type, its length, and the packet id. */
const pubackOf = (packetId: number): Buffer => Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]);

const fileOf = (path: string): Buffer | undefined => (path === '' ? undefined : readFileSync(path));

function optionsOf(config: MqttConfig): IClientOptions {
  const { clientId, version, username, receiveMaximum } = config;
  // Files are read at each connection, because passwords and certificates are renewed.
  const given = {
    username: username || undefined,
    password: config.password?.(),
    ca: fileOf(config.caFile),
    cert: fileOf(config.certFile),
    key: fileOf(config.keyFile),
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    clientId,
    clean: false,
    protocolVersion: version,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_MS,
    // The consumer connects anew when it has stored what came by the old connection.
    reconnectPeriod: 0,
    resubscribe: false,
    ...(version === 5 ? { properties: { sessionExpiryInterval: NEVER, receiveMaximum } } : {}),
  };
}

/** @throws when the broker refuses one of them, or delivers by QoS 0 only. */
async function subscribe(
  client: MqttClient,
  { share }: MqttConfig,
  filters: readonly string[],
): Promise<void> {
  const topics = filters.map((filter) => (share === '' ? filter : `$share/${share}/${filter}`));
  // Of version 5: retained messages come only when the subscription is new.
  for (const { topic, qos } of await client.subscribeAsync(topics, { qos: 1, rh: 1 })) {
    if (qos === 1 || qos === 2) continue;
    throw new Error(
      qos === 0
        ? `the broker grants ${topic} without acknowledgements (QoS 0), by which messages would be lost`
        : `the broker refuses the subscription to ${topic} with reason code ${qos}`,
    );
  }
}

const sessionOf = ({ sessionPresent, properties }: IConnackPacket): Session => ({
  isPresent: sessionPresent,
  keptSeconds: properties?.sessionExpiryInterval,
});

function messageFrom({ topic, payload, properties }: IPublishPacket, timestamp: number): Message {
  const headers = Object.entries(properties?.userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): readonly [string, Buffer] => [name, Buffer.from(value)]),
  );
  const value = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic, partition: 0, offset: 0n, timestamp, key: null, value, headers };
}
