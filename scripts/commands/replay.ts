// tsdb replay: dead letters are stored again, from the dead-letter topic of Kafka.
import { openDatabase } from '../../api/database/database';
import { routing } from '../../api/ingest/points/routing';
import { processEnvironment } from '../../db/server/config';
import { note, print, printJson } from '../output';
import { declaredStreams } from '../streams/declared-streams';
import { readKafkaConfig } from '../streams/kafka/config';
import { explained } from '../streams/kafka/failures';
import { letterTopic } from '../streams/kafka/letter-topic';
import { kafkaClient, PATIENCE, troublesTo } from '../streams/kafka/security';
import { replayTopic, type TopicReplay } from '../streams/replay-topic';
import { readStreamConfig } from '../streams/stream-config';

/** Replays what the dead-letter topic of a declared topic has now. Exit code 2 when letters remain. */
export async function replayFromTopic(
  topic: string,
  { json }: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const env = processEnvironment();
  const settings = readKafkaConfig(env);
  const { api } = readStreamConfig(env);
  const streams = declaredStreams(api.desired, 'kafka', [topic]);
  const tables = new Map(streams.map(({ table }) => [table.name, table]));
  const database = openDatabase(api);
  try {
    const result = await replayTopic(
      {
        kafka: kafkaClient(settings, troublesTo(note), PATIENCE.bounded),
        retry: PATIENCE.bounded,
        to: { pool: database.writer, engine: () => database.engine() },
        known: { tables, routing: routing(tables.values()), streams: api.desired.streams },
        signal,
      },
      topic,
    );
    if (json) printJson(result);
    else report(topic, result);
    return result.failed > 0 ? 2 : 0;
  } catch (error) {
    throw explained(error, settings);
  } finally {
    await database.end();
  }
}

function report(topic: string, { replayed, failed, settled, errors }: TopicReplay): void {
  for (const { id, reason } of errors) note(`letter ${id}: ${reason}`);
  print(
    `${letterTopic(topic)}: ${replayed} letters replayed, ${failed} remain, ${settled} records have no letter here: it was replayed or deleted before, or belongs to another group or database`,
  );
}
