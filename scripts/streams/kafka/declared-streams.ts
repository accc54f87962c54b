// The Kafka streams of the selected sets.
import { UsageError } from '../../../db/core/errors';
import type { Desired } from '../../../db/language/desired';
import { nameOf } from '../../../db/language/names';
import type { KafkaStream } from '../../../db/language/stream';
import { schemaSets } from '../../../db/schema/sets';

/**
 * The declared Kafka streams; only those of `topics` where topics are named.
 * @throws UsageError when there are none, or when a topic is not declared.
 */
export function kafkaStreams(
  { streams }: Pick<Desired, 'streams'>,
  topics: readonly string[] = [],
): readonly KafkaStream[] {
  const declared = streams.filter((stream) => stream.kind === 'kafka');
  if (declared.length === 0)
    throw new UsageError(
      `the selected sets declare no Kafka streams; set TSDB_SCHEMAS so that it has ${setsWithStreams().join(' or ')}, or declare a stream in a set of yours (docs/streams.md)`,
    );
  const unknown = topics.filter((name) => !declared.some(({ topic }) => topic === name));
  if (unknown.length > 0)
    throw new UsageError(
      `no selected set declares a stream of topic ${unknown.join(', ')}; declared are ${declared.map(({ topic, table }) => `${topic} (${nameOf(table)})`).join(', ')}`,
    );
  return topics.length === 0 ? declared : declared.filter(({ topic }) => topics.includes(topic));
}

const setsWithStreams = (): readonly string[] =>
  Object.values(schemaSets)
    .filter(({ streams = [] }) => streams.some(({ kind }) => kind === 'kafka'))
    .map(({ name }) => name);
