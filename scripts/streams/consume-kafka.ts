// Reads declared topics of Kafka into their tables until it is stopped.
import type { Database } from '../../api/database/database';
import { openDatabase } from '../../api/database/database';
import { passes } from '../../api/database/passing-faults';
import { messageReader } from '../../api/streams/message-reader';
import { messageOf, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { relation } from '../../db/core/sql';
import { streamOffsets, streamOutbox } from '../../db/schema/service';
import { type StreamConsumer, type StreamLog, startConsumer } from './consumer';
import { type DeclaredStream, declaredStreams } from './declared-streams';
import type { KafkaConfig } from './kafka/config';
import { explained } from './kafka/failures';
import { kafkaSource } from './kafka/kafka-source';
import { letterTopicPublisher } from './kafka/letter-topic';
import { refuseWrongSettings } from './kafka/refuse-wrong-settings';
import { kafkaClient, PATIENCE } from './kafka/security';
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
  const database = openDatabase(api, (error) =>
    log.warn({ reason: messageOf(error) }, 'an idle database connection ended'),
  );
  try {
    await requireSchema(database, streams, log);
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
        log,
      }),
      group,
      topics: new Map(
        streams.map(({ stream, table }) => [
          stream.topic,
          {
            to: { pool: database.writer, engine: () => database.engine(), keepsRejected: true },
            table,
            reader: messageReader(stream),
            requestId: group,
          },
        ]),
      ),
      pool: database.writer,
      letters:
        deadLetters === 'database'
          ? undefined
          : letterTopicPublisher(client(PATIENCE.bounded), database.writer, deadLetters),
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

/** A schema that was not applied would be tried again for ever. */
async function requireSchema(
  { writer }: Database,
  streams: readonly DeclaredStream[],
  log: StreamLog,
): Promise<void> {
  const names = [streamOffsets, streamOutbox, ...streams.map(({ stream }) => stream.table)].map((one) =>
    relation(one),
  );
  try {
    const { rows } = await writer.query<{ readonly name: string }>(
      'SELECT name FROM unnest($1::text[]) AS given (name) WHERE to_regclass(name) IS NULL',
      [names],
    );
    if (rows.length > 0)
      throw new UsageError(
        `the database has no ${rows.map(({ name }) => name.replaceAll('"', '')).join(', ')}; run "${invocation('apply')}"`,
      );
  } catch (error) {
    if (!passes(error)) throw error;
    log.warn({ reason: messageOf(error) }, 'the database cannot be used yet');
  }
}
