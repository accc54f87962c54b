// tsdb produce kafka: sends sample data to the topics of the declared streams.
import { messageOf, TsdbError, UsageError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { nameOf } from '../../db/language/names';
import type { KafkaStream } from '../../db/language/stream';
import { processEnvironment } from '../../db/server/config';
import { readContext } from '../context';
import { note, noteUnlessBar, perSecond, print, printJson, progressBar } from '../output';
import { INTERRUPTED } from '../run-to-exit';
import { declaredStreams } from '../streams/declared-streams';
import { type KafkaConfig, readKafkaConfig } from '../streams/kafka/config';
import { BrokerError, explained } from '../streams/kafka/failures';
import { letterTopic } from '../streams/kafka/letter-topic';
import { produce } from '../streams/kafka/produce';
import { sampleRecords } from '../streams/kafka/produce-records';
import { ensureTopics } from '../streams/kafka/produce-topics';
import { refuseWrongSettings } from '../streams/kafka/refuse-wrong-settings';
import { kafkaClient, PATIENCE, troublesTo } from '../streams/kafka/security';

export interface ProduceFlags {
  readonly topic: readonly string[];
  /** 0 = until Ctrl-C. */
  readonly rows: number;
  /** Records a second; undefined = as fast as the brokers take them. */
  readonly rate?: number;
  readonly seed: number;
  /** Percent. */
  readonly poison: number;
  /** End of the times, exclusive; now when it is not given. */
  readonly to?: string;
  /** Partitions of topics to create; undefined = create none. */
  readonly createTopics?: number;
  readonly json?: boolean;
}

/** What the brokers have acknowledged of a topic. */
interface Produced {
  readonly topic: string;
  readonly table: string;
  records: number;
  poison: number;
}

/** Sends the records; Ctrl-C is the normal end of a run without an end of its own. */
export async function produceKafka(flags: ProduceFlags, signal: AbortSignal): Promise<number> {
  const { desired } = readContext();
  const streams = declaredStreams(desired, 'kafka', flags.topic).map(({ stream }) => stream);
  const config = readKafkaConfig(processEnvironment());
  const records = sampleRecords(streams, { seed: flags.seed, to: endOf(flags.to), poison: flags.poison });
  const produced = new Map(
    streams.map(({ topic, table }): [string, Produced] => [
      topic,
      { topic, table: nameOf(table), records: 0, poison: 0 },
    ]),
  );
  const kafka = kafkaClient(config, troublesTo(note), PATIENCE.bounded);
  const endless = flags.rows === 0;
  let bar: ReturnType<typeof progressBar> | undefined;
  let acknowledged = 0;
  let started = Date.now();
  let saidAt = started;
  try {
    await refuseWrongSettings(config);
    const created = await ensureTopics(kafka, topicsOf(streams, config, flags), flags.createTopics);
    if (created.length > 0) note(`created: ${created.join(', ')}`);
    signal.throwIfAborted();
    noteUnlessBar(
      `sending ${endless ? 'records until Ctrl-C' : counted(flags.rows, 'record')} to ${streams.map(({ topic }) => topic).join(', ')}`,
    );
    if (!endless) bar = progressBar('sample records', flags.rows, 'records', { hasRate: true });
    started = Date.now();
    await produce(kafka, records, {
      rows: endless ? Number.POSITIVE_INFINITY : flags.rows,
      rate: flags.rate ?? Number.POSITIVE_INFINITY,
      signal,
      onAcknowledged: (batch) => {
        for (const { topic, isPoison } of batch) {
          const own = produced.get(topic) as Produced;
          own.records += 1;
          own.poison += isPoison ? 1 : 0;
        }
        acknowledged += batch.length;
        bar?.advanceTo(acknowledged);
        if (bar !== undefined || Date.now() - saidAt < SAY_EVERY_MS) return;
        saidAt = Date.now();
        note(`${counted(acknowledged, 'record')} acknowledged, ${perSecond(acknowledged, started)} a second`);
      },
    });
  } catch (error) {
    throw acknowledged === 0 ? explained(error, config) : afterSome(explained(error, config), acknowledged);
  } finally {
    bar?.stop();
  }
  const seconds = (Date.now() - started) / 1_000;
  const topics = [...produced.values()];
  const interrupted = signal.aborted;
  if (flags.json)
    printJson({
      topics,
      records: acknowledged,
      poison: topics.reduce((sum, { poison }) => sum + poison, 0),
      seconds,
      perSecond: perSecond(acknowledged, started),
      interrupted,
    });
  else for (const each of topics) print(describe(each));
  if (!interrupted) return 0;
  note(`stopped: ${counted(acknowledged, 'record')} acknowledged by the brokers, none under way`);
  return endless ? 0 : INTERRUPTED;
}

const SAY_EVERY_MS = 10_000;

/** The topics, and where topics are created also those of refused records, which a consumer needs. */
function topicsOf(
  streams: readonly KafkaStream[],
  { deadLetters }: KafkaConfig,
  { createTopics }: ProduceFlags,
): readonly string[] {
  const topics = streams.map(({ topic }) => topic);
  const own = deadLetters === 'database' || createTopics === undefined ? [] : topics.map(letterTopic);
  return [...topics, ...own];
}

function endOf(text: string | undefined): Date {
  const end = text === undefined ? new Date() : new Date(text);
  if (!Number.isNaN(end.getTime())) return end;
  throw new UsageError(`--to "${text}" is not a time; write e.g. 2026-11-01 or 2026-11-01T12:00:00Z`);
}

function afterSome(error: unknown, acknowledged: number): unknown {
  if (!(error instanceof TsdbError)) return error;
  return new BrokerError(
    `${messageOf(error)}; ${counted(acknowledged, 'record')} had been acknowledged, and those under way may be in the topics or not`,
    { cause: error },
  );
}

const describe = ({ topic, table, records, poison }: Produced): string =>
  `${topic}: ${counted(records, 'record')} for ${table}${poison === 0 ? '' : `, ${poison} of them broken`}`;
