// Stores the messages of declared MQTT topics. A message is acknowledged when it is stored, so the broker delivers it again until then.
import { pause } from '../../../api/buffer/pause';
import { isServerAnswer } from '../../../api/database/write-connection';
import type { Message } from '../../../api/streams/message';
import type { StoredMessages } from '../../../api/streams/store-messages';
import { topicFilter } from '../../../api/streams/topic-pattern';
import { messageOf, UsageError } from '../../../db/core/errors';
import { pauseBefore } from '../../../db/server/retry';
import type { StreamConsumer } from '../consumer';
import type { StreamLog, StreamMetrics } from '../consumer-parts';
import type { BatchLimits } from '../stream-config';
import type { MqttConfig } from './config';
import {
  type ConnectionEnd,
  type Delivery,
  type MqttConnection,
  openConnection,
  type Session,
} from './connection';
import { Gathered } from './gathered';
import { patternFinder } from './pattern-finder';

/** Stores messages in their order. What it throws passes by itself: then it is called again with the same messages. */
export type StoresMessages = (messages: readonly Message[]) => Promise<StoredMessages>;

/** What a consumer works with. */
export interface MqttConsumerOptions {
  readonly config: MqttConfig;
  /** Where the messages of each declared pattern go. */
  readonly topics: ReadonlyMap<string, StoresMessages>;
  /** The patterns to subscribe to. Messages of others come too, when the session has subscriptions of earlier times. */
  readonly patterns: readonly string[];
  /** Keeps messages that no declared pattern matches. */
  readonly others: StoresMessages;
  readonly batch: BatchLimits;
  readonly log: StreamLog;
  readonly metrics: StreamMetrics;
}

/** A connection that lasts shorter is no success, and the pause before the next one becomes longer. */
const LASTING_MS = 10_000;

/** Connects and stores messages until `stop`. */
export function startMqttConsumer(options: MqttConsumerOptions): StreamConsumer {
  return new MqttConsumer(options);
}

class MqttConsumer implements StreamConsumer {
  readonly failed: Promise<Error>;
  readonly #options: MqttConsumerOptions;
  readonly #gathered: Gathered;
  readonly #patternOf: (topic: string) => string | undefined;
  readonly #stopping = new AbortController();
  readonly #connecting: Promise<void>;
  readonly #storing: Promise<void>;
  #fail: (error: Error) => void = () => undefined;
  #connection: MqttConnection | undefined;
  /** Whether an earlier connection of this process had a session. */
  #hadSession = false;
  /** Why it has no connection; undefined when it has one. */
  #offline: string | undefined = 'the broker has not accepted the connection yet';
  /** Why messages cannot be stored; undefined when they can. */
  #trouble: string | undefined;

  constructor(options: MqttConsumerOptions) {
    this.#options = options;
    this.#gathered = new Gathered(options.batch);
    this.#patternOf = patternFinder([...options.topics.keys()]);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#connecting = this.#stayConnected();
    this.#storing = this.#storeAll();
  }

  troubles(): readonly string[] {
    return [this.#offline, this.#trouble].filter((why) => why !== undefined);
  }

  /** MQTT does not tell how many messages wait at the broker. */
  lag(): readonly [] {
    return [];
  }

  /** Stores and acknowledges what has arrived, and disconnects. The broker keeps the session. */
  async stop(): Promise<void> {
    this.#gathered.close();
    this.#stopping.abort();
    await this.#storing;
    this.#connection?.disconnect();
    await this.#connecting;
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#stopping;
    const { url, clientId } = this.#options.config;
    for (let attempt = 2; !signal.aborted; attempt += 1) {
      const began = performance.now();
      const { reason, isTakenOver, wasReady } = await this.#connectOnce();
      if (signal.aborted) return;
      if (isTakenOver) {
        this.#fail(new UsageError(takenOver(this.#options.config)));
        return;
      }
      if (wasReady && performance.now() - began > LASTING_MS) attempt = 2;
      const why =
        wasReady && attempt > 4 ? `${reason}, soon after it was accepted${twice(clientId)}` : reason;
      this.#offline = `no connection to ${url}: ${why}`;
      this.#options.log.warn({ url, reason: why }, 'no connection to the broker; the next try follows');
      // What came by the old connection is stored before the broker delivers it again, so memory does not grow, and messages of a
      // topic are stored in their order.
      await this.#gathered.emptied();
      await pause(pauseBefore(attempt), signal);
    }
  }

  /** Connects, and waits until the connection has ended. */
  async #connectOnce(): Promise<ConnectionEnd & { readonly wasReady: boolean }> {
    const { config, patterns } = this.#options;
    let wasReady = false;
    try {
      this.#connection = openConnection(config, patterns.map(topicFilter), {
        delivered: (delivery) => this.#gathered.add(delivery),
        isFull: () => this.#gathered.isFull,
      });
      this.#note(await this.#connection.ready);
      wasReady = true;
      this.#offline = undefined;
      return { ...(await this.#connection.ended), wasReady };
    } catch (error) {
      const end = await this.#connection?.ended;
      return { reason: messageOf(error), isTakenOver: false, ...end, wasReady };
    } finally {
      this.#connection = undefined;
    }
  }

  #note({ isPresent, keptSeconds }: Session): void {
    const { log, config, patterns } = this.#options;
    const { url, clientId } = config;
    log.info({ url, clientId, topics: patterns, session: isPresent ? 'continued' : 'new' }, 'connected');
    if (this.#hadSession && !isPresent)
      log.warn(
        { clientId },
        'the broker has lost the session: it has nothing of what was published while this process was not connected',
      );
    if (keptSeconds !== undefined && !this.#hadSession)
      log.warn(
        { clientId, seconds: keptSeconds },
        'the broker keeps the session only so long without a connection',
      );
    this.#hadSession = true;
  }

  async #storeAll(): Promise<void> {
    for (;;) {
      const batch = await this.#gathered.next();
      if (batch === undefined) return;
      for (const [pattern, messages] of this.#byPattern(batch)) {
        if (await this.#store(pattern, messages)) continue;
        this.#options.log.warn(
          { messages: this.#gathered.abandon() },
          'stopped before these messages were stored; the broker delivers them again, except those of QoS 0',
        );
        return;
      }
      acknowledge(batch);
      this.#connection?.resume();
    }
  }

  /**
   * Stores messages, however often that has to be tried; fewer at a time when the database does not take so many, for example because
   * it takes too long. Returns false when the consumer was stopped and cannot store them.
   */
  async #store(pattern: string | undefined, messages: readonly Message[]): Promise<boolean> {
    const { topics, others, log, metrics } = this.#options;
    const store = (pattern === undefined ? undefined : topics.get(pattern)) ?? others;
    const topic = pattern ?? 'undeclared';
    let left = messages;
    let most = messages.length;
    for (let attempt = 2; left.length > 0; attempt += 1) {
      const part = left.slice(0, most);
      try {
        const began = performance.now();
        const result = await store(part);
        this.#trouble = undefined;
        metrics.stored(topic, part.length, result, (performance.now() - began) / 1_000);
        left = left.slice(part.length);
        most *= 2;
        attempt = 1;
      } catch (error) {
        if (isServerAnswer(error)) most = Math.ceil(part.length / 2);
        this.#trouble = `messages of ${topic} cannot be stored: ${messageOf(error)}`;
        log.warn(
          { topic, reason: messageOf(error) },
          'messages cannot be stored now; nothing is acknowledged, the next try follows',
        );
        if (this.#stopping.signal.aborted) return false;
        await pause(pauseBefore(attempt), this.#stopping.signal);
      }
    }
    return true;
  }

  /** The messages of each pattern, in their order. */
  #byPattern(batch: readonly Delivery[]): ReadonlyMap<string | undefined, readonly Message[]> {
    const groups = new Map<string | undefined, Message[]>();
    for (const { message } of batch) {
      const pattern = this.#patternOf(message.topic);
      const group = groups.get(pattern);
      if (group) group.push(message);
      else groups.set(pattern, [message]);
    }
    return groups;
  }
}

/** Acknowledges messages in the order in which they came, which MQTT demands. */
function acknowledge(batch: readonly Delivery[]): void {
  const ids = new Map<MqttConnection, number[]>();
  for (const { connection, packetId } of batch) {
    if (packetId === undefined) continue;
    const own = ids.get(connection);
    if (own) own.push(packetId);
    else ids.set(connection, [packetId]);
  }
  for (const [connection, own] of ids) connection.acknowledge(own);
}

/** Brokers that do not tell so take the session from one client and give it to the other, again and again. */
const twice = (clientId: string): string =>
  `, as brokers do when two clients use one client id; see whether another process uses ${clientId}`;

const takenOver = ({ clientId, url }: MqttConfig): string =>
  `another client has connected to ${url} with the client id ${clientId} and has taken the session over; give each process its own TSDB_MQTT_CLIENT_ID, and to share the topics among them TSDB_MQTT_SHARE`;
