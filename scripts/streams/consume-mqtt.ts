// Reads declared topics of an MQTT broker into their tables until it is stopped.
import { openDatabase } from '../../api/database/database';
import { type Destination, writeBatches } from '../../api/ingest/store/write-batches';
import type { Message, MessageRow } from '../../api/streams/message';
import { messageReader } from '../../api/streams/message-reader';
import { type StoredMessages, storeMessages } from '../../api/streams/store-messages';
import { messageOf } from '../../db/core/errors';
import { groupBy } from '../../db/core/group-by';
import { deadLetters } from '../../db/schema/service';
import type { StreamConsumer } from './consumer';
import type { ConsumerProcess } from './consumer-process';
import { declaredStreams } from './declared-streams';
import type { MqttConfig } from './mqtt/config';
import { type StoresMessages, startMqttConsumer } from './mqtt/mqtt-consumer';
import { requireTables } from './require-tables';

export interface ConsumeMqttOptions extends ConsumerProcess {
  readonly mqtt: MqttConfig;
  /** Subscribes only to these patterns; empty = to every declared one. */
  readonly topics?: readonly string[];
}

/**
 * Starts to consume. Neither the broker nor the database need be reachable yet.
 * @throws UsageError when nothing is declared, or the schema has not been applied.
 */
export async function consumeMqtt(options: ConsumeMqttOptions): Promise<StreamConsumer> {
  const { config, mqtt, topics = [], log, metrics } = options;
  const { api, batch } = config;
  const selected = declaredStreams(api.desired, 'mqtt', topics);
  const streams = declaredStreams(api.desired, 'mqtt');
  const database = openDatabase(api, (error) =>
    log.warn({ reason: messageOf(error) }, 'an idle database connection ended'),
  );
  try {
    await requireTables(database, [deadLetters, ...streams.map(({ stream }) => stream.table)], log);
  } catch (error) {
    await database.end();
    throw error;
  }
  const to = { pool: database.writer, engine: () => database.engine(), keepsRejected: true };
  // The same for all that share a subscription: a message that one of them refused may come again to another one.
  const requestId = mqtt.share || mqtt.clientId;
  const consumer = startMqttConsumer({
    config: mqtt,
    topics: new Map(
      streams.map(({ stream, table }): [string, StoresMessages] => {
        const destination = { to, table, reader: messageReader(stream), requestId };
        return [stream.topic, (messages) => storeMessages(destination, messages)];
      }),
    ),
    patterns: selected.map(({ stream }) => stream.topic),
    others: (messages) => {
      log.warn(
        { topic: messages[0]?.topic, messages: messages.length },
        'no stream is declared for these messages',
      );
      return keepOthers({ to, requestId, clientId: mqtt.clientId }, messages);
    },
    batch,
    log,
    metrics,
  });
  return {
    failed: consumer.failed,
    troubles: () => consumer.troubles(),
    lag: () => consumer.lag(),
    stop: async () => {
      await consumer.stop();
      await database.end();
    },
  };
}

/** Keeps messages that no stream takes as dead letters, by their topics. */
async function keepOthers(
  {
    to,
    requestId,
    clientId,
  }: { readonly to: Destination; readonly requestId: string; readonly clientId: string },
  messages: readonly Message[],
): Promise<StoredMessages> {
  const reason = `no stream is declared for this topic, and the session of client id ${clientId} still has a subscription to it`;
  const batches = [...groupBy(messages, ({ topic }) => topic)].map(([name, own]) => ({
    ...{ name, table: undefined, format: 'message' as const, rows: [], requestId },
    rejected: own.map((message) => ({ line: 1, source: rowOf(message), reason, owner: 0 })),
  }));
  await writeBatches(to, batches);
  return { stored: 0, unchanged: 0, rejected: messages.length, alerts: 0 };
}

const rowOf = (message: Message): MessageRow => ({ message, broker: 'mqtt', line: 1, hasOwnTime: false });
