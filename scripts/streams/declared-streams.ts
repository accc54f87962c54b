// The declared streams of a kind of broker, with the tables that their messages go into.
import { watchedTables } from '../../api/alerts/alert-tables';
import { publicName, seriesTables } from '../../api/database/tables';
import type { IngestTable } from '../../api/ingest/rows';
import { UsageError } from '../../db/core/errors';
import type { Desired } from '../../db/language/desired';
import type { Stream } from '../../db/language/stream';
import { deadLetters, streamOffsets } from '../../db/schema/service';

/** A stream and its table. */
export interface DeclaredStream<S extends Stream = Stream> {
  readonly stream: S;
  readonly table: IngestTable;
}

/**
 * The streams of a kind.
 * @param topics only these; empty = all
 * @throws UsageError when there is none, when a topic is not declared, or when set `service` is not selected.
 */
export function declaredStreams<K extends Stream['kind']>(
  desired: Desired,
  kind: K,
  topics: readonly string[] = [],
): readonly DeclaredStream<Extract<Stream, { kind: K }>>[] {
  if (!desired.tables.includes(deadLetters) || !desired.tables.includes(streamOffsets))
    throw new UsageError(
      'positions and refused records are kept in the set "service", which is not selected; add it to TSDB_SCHEMAS and apply it',
    );
  const all = desired.streams.filter((one): one is Extract<Stream, { kind: K }> => one.kind === kind);
  const unknown = topics.filter((topic) => !all.some((one) => one.topic === topic));
  const names = all.map(({ topic }) => topic).join(', ');
  if (unknown.length > 0)
    throw new UsageError(
      `no selected set declares a stream of ${unknown.join(', ')}; declared are: ${names}`,
    );
  if (all.length === 0)
    throw new UsageError(
      `no selected set declares a stream of ${kind === 'kafka' ? 'Kafka' : 'MQTT'}; select one that does, such as ${kind === 'kafka' ? 'business' : 'plant'}, in TSDB_SCHEMAS`,
    );
  const tables = seriesTables(desired);
  const watched = watchedTables(desired);
  return all
    .filter(({ topic }) => topics.length === 0 || topics.includes(topic))
    .map((stream) => {
      const name = publicName(stream.table);
      const table = tables.get(name);
      if (table === undefined)
        throw new UsageError(
          `the stream ${stream.topic} goes into ${name}, which no selected set declares; add its set to TSDB_SCHEMAS`,
        );
      return { stream, table: { ...table, watched: watched.get(name) } };
    });
}
