// Reads declared topics of Kafka into their tables until it is stopped.
import { openDatabase } from '../../api/database/database';
import { messageReader } from '../../api/streams/message-reader';
import { schemaRegistry } from '../../api/streams/schema-registry';
import { messageOf, UsageError } from '../../db/core/errors';
import { streamOffsets, streamOutbox } from '../../db/schema/service';
import { type StreamConsumer, startConsumer } from './consumer';
import type { StreamLog } from './consumer-parts';
import { declaredStreams } from './declared-streams';
import type { KafkaConfig } from './kafka/config';
import { explained } from './kafka/failures';
import { kafkaSource } from './kafka/kafka-source';
import { letterPublisher } from './kafka/letter-topic';
import { refuseWrongSettings } from './kafka/refuse-wrong-settings';
import { kafkaClient, PATIENCE } from './kafka/security';
import { requireTables } from './require-tables';
import type { StreamConfig } from './stream-config';
import { addConsumerState, type ConsumerMetrics } from './stream-metrics';

export interface KafkaConsumerOptions {
  readonly config: StreamConfig;
  readonly kafka: KafkaConfig;
  /** Only these topics; empty = every declared one. */
  readonly topics?: readonly string[];
  readonly log: StreamLog;
  readonly metrics: ConsumerMetrics;
}

/** Longest wait of the broker for more records. It is also how long a partition that was paused waits to be fetched again. */
const MOST_WAIT_MS = 250;

/**
 * Starts to consume. The database need not be reachable yet.
 * @throws UsageError when nothing is declared, a topic does not exist, or the schema has not been applied.
 */
export async function consumeKafka(options: KafkaConsumerOptions): Promise<StreamConsumer> {
  const { config, kafka: settings, topics = [], log, metrics } = options;
  const { api, batch } = config;
  const streams = declaredStreams(api.desired, 'kafka', topics);
  const { group } = settings;
  const registry = settings.registry && schemaRegistry(settings.registry);
  const needy = streams.find(({ stream }) => stream.format !== 'json')?.stream;
  if (needy !== undefined && registry === undefined)
    throw new UsageError(
      `the stream ${needy.topic} has the format ${needy.format}, whose schemas are in a registry; set TSDB_SCHEMA_REGISTRY`,
    );
  const database = openDatabase(api, (error) =>
    log.warn({ reason: messageOf(error) }, 'an idle database connection ended'),
  );
  try {
    const own = streams.map(({ stream }) => stream.table);
    await requireTables(database, [streamOffsets, streamOutbox, ...own], log);
    await refuseWrongSettings(settings);
    const client = (patience: (typeof PATIENCE)[keyof typeof PATIENCE]) =>
      kafkaClient(settings, (level, line) => log[level](line), patience);
    const { deadLetters } = settings;
    const consumer = await startConsumer({
      source: kafkaSource({
        kafka: client(PATIENCE.endless),
        group,
        topics: streams.map(({ stream }) => stream.topic),
        waitMs: Math.min(batch.ms, MOST_WAIT_MS),
        sessionMs: settings.sessionMs,
        retry: PATIENCE.endless,
        explain: (error) => explained(error, settings),
        log,
      }),
      group,
      topics: new Map(
        streams.map(({ stream, table }) => [
          stream.topic,
          {
            to: { pool: database.writer, engine: () => database.engine(), keepsRejected: true },
            table,
            reader: messageReader(stream, registry === undefined ? {} : { registry }),
            requestId: group,
          },
        ]),
      ),
      pool: database.writer,
      letters: letterPublisher(client(PATIENCE.bounded), database.writer, deadLetters),
      batch,
      log,
      metrics,
    });
    addConsumerState(metrics, consumer, { pool: database.writer, group });
    return {
      ...consumer,
      stop: async () => {
        await consumer.stop();
        await database.end();
      },
    };
  } catch (error) {
    await database.end();
    throw explained(error, settings);
  }
}
