// tsdb consume: the processes that store the messages of brokers.
import { openDatabase } from '../../api/database/database';
import { RefusedError, UsageError } from '../../db/core/errors';
import { processEnvironment } from '../../db/server/config';
import { confirm } from '../confirm';
import { note, print } from '../output';
import { consumeKafka } from '../streams/consume-kafka';
import { consumeMqtt } from '../streams/consume-mqtt';
import { runConsumer } from '../streams/consumer-process';
import { declaredStreams } from '../streams/declared-streams';
import { readKafkaConfig } from '../streams/kafka/config';
import { explained } from '../streams/kafka/failures';
import { letterPublisher } from '../streams/kafka/letter-topic';
import { kafkaClient, PATIENCE, troublesTo } from '../streams/kafka/security';
import { readMqttConfig } from '../streams/mqtt/config';
import { type PositionChange, plannedReset, resetPositions } from '../streams/reset-positions';
import { readStreamConfig } from '../streams/stream-config';

export interface ConsumeFlags {
  /** Only these topics; empty = every declared one. */
  readonly topic: readonly string[];
}

/** Consumes until the signal. Exit code 1 when it cannot go on. */
export async function consumeKafkaTopics({ topic }: ConsumeFlags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const kafka = readKafkaConfig(env);
  return runConsumer(
    readStreamConfig(env),
    (process) => consumeKafka({ ...process, kafka, topics: topic }),
    signal,
  );
}

export interface ResetFlags {
  readonly topic: string;
  /** beginning, end, or an offset. */
  readonly to: string;
  readonly partition?: number;
  readonly yes?: boolean;
}

/** Sets the positions of a topic, after a question. Exit code 3 when the answer is no. */
export async function resetConsumer(
  { topic, to, partition, yes }: ResetFlags,
  signal: AbortSignal,
): Promise<number> {
  const env = processEnvironment();
  const settings = readKafkaConfig(env);
  const { api } = readStreamConfig(env);
  if (!/^(beginning|end|\d{1,18})$/.test(to))
    throw new UsageError(`--to must be beginning, end or an offset, got "${to}"`);
  declaredStreams(api.desired, 'kafka', [topic]);
  const { group } = settings;
  const database = openDatabase(api);
  const kafka = kafkaClient(settings, troublesTo(note), PATIENCE.bounded);
  const pool = database.writer;
  const letters = letterPublisher(kafka, pool, settings.deadLetters);
  const options = { kafka, pool, letters, group, topic, partition };
  try {
    const changes = await plannedReset(options, to === 'beginning' || to === 'end' ? to : BigInt(to));
    print(`positions of group ${group} in ${topic}:`);
    for (const change of changes) print(`  ${described(change)}`);
    const terminal = { input: process.stdin, output: process.stderr };
    if (!yes && process.stdin.isTTY !== true)
      throw new RefusedError('nothing was changed: add --yes, because there is no terminal to ask on');
    if (!yes && !(await confirm('Type "yes" to set them: ', signal, terminal)))
      throw new RefusedError('nothing was changed');
    await resetPositions(options, changes);
    return 0;
  } catch (error) {
    throw explained(error, settings);
  } finally {
    await letters?.stop();
    await database.end();
  }
}

function described({ partition, from, to, low }: PositionChange): string {
  const stored = from ?? low;
  const moves =
    to < stored
      ? `${stored - to} records will be stored again: a table without a unique key has their rows twice then`
      : to > stored
        ? `${to - stored} records will not be stored`
        : 'no change';
  return `partition ${partition}: ${from ?? 'nothing stored'} → ${to} (${moves})`;
}

/** As for Kafka; a topic is a declared pattern. */
export async function consumeMqttTopics({ topic }: ConsumeFlags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const config = readStreamConfig(env);
  const mqtt = readMqttConfig(env, config.batch.rows);
  return runConsumer(config, (process) => consumeMqtt({ ...process, mqtt, topics: topic }), signal);
}
