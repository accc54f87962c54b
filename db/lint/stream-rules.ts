// Rules about streams: where the messages of brokers go, and what happens when a message comes twice.
import { unreachable } from '../core/unreachable';
import type { Column } from '../language/columns';
import type { MqttStream, Stream } from '../language/stream';
import { type Fault, fault, type LintRule } from './rule';

export const streamRules: readonly LintRule[] = [
  {
    id: 'TS025',
    check: ({ streams }) =>
      streams.flatMap((stream): readonly Fault[] => {
        if (stream.kind !== 'mqtt' || stream.acceptDuplicates) return [];
        const why = duplicated(stream);
        return why === undefined
          ? []
          : [
              fault(
                stream.table,
                `takes the messages of "${stream.topic}", which brokers deliver again after a fault, and ${why}, so a message that comes again would be stored as another row. Declare unique with columns that the message or its topic fills, or acceptDuplicates: true in mqttStream() if you want this`,
              ),
            ];
      }),
  },
  {
    id: 'TS026',
    check: ({ streams }) =>
      streams.flatMap((stream, at) => {
        const other = streams.slice(0, at).find((earlier) => share(earlier, stream));
        return other === undefined
          ? []
          : [
              fault(
                stream.table,
                `takes the messages of "${stream.topic}", and ${other.table.schema}.${other.table.name} those of "${other.topic}": one message could belong to both. Declare one stream for each topic`,
              ),
            ];
      }),
  },
  {
    id: 'TS027',
    check: ({ streams, hypertables }) =>
      streams
        .filter(({ table }) => !hypertables.includes(table))
        .map(({ table, topic }) =>
          fault(
            table,
            `is the table of the stream "${topic}", and no selected set declares it, so the messages would have no place. Declare the table in the set of the stream, or add its set to TSDB_SCHEMAS`,
          ),
        ),
  },
  {
    id: 'TS028',
    check: ({ streams }) =>
      streams.flatMap((stream) =>
        neverFilled(stream).map((name) =>
          fault(
            stream.table,
            `needs a value in its column ${name}, and a message of "${stream.topic}" is one bare value, which has no member ${name}: every message would be refused. Map the column to $timestamp, a header or a level of the topic, or let the messages be objects`,
          ),
        ),
      ),
  },
];

/** Why a message that is delivered twice becomes two rows; undefined when it does not. */
function duplicated({ table, map }: MqttStream): string | undefined {
  if (table.unique === undefined) return 'the table has no key (unique)';
  const columns = table.columns as Readonly<Record<string, Column>>;
  for (const name of table.unique.columns) {
    if (map[name] === '$timestamp')
      return `the column ${name} of its key is the time of receipt, which differs with each delivery`;
    const fallback = columns[name]?.defaultSql;
    if (fallback !== undefined && !isConstant(fallback) && !map[name]?.startsWith('$topic.'))
      return `the column ${name} of its key becomes ${fallback} when a message lacks it, which differs with each delivery`;
  }
  return undefined;
}

/** Numbers, texts and truth values, with or without a type. */
const isConstant = (sql: string): boolean =>
  /^(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*'|true|false)(?:::[\w ]+)?$/i.test(sql.trim());

/** Whether one message can belong to both streams. */
function share(one: Stream, other: Stream): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === 'kafka') return one.topic === other.topic;
  if (one.kind !== 'mqtt') return unreachable(one);
  const levels = other.topic.split('/');
  const own = one.topic.split('/');
  return (
    own.length === levels.length &&
    own.every((level, at) => level === levels[at] || level.startsWith('{') || levels[at]?.startsWith('{'))
  );
}

/** Column types whose values are neither texts nor JSON, so that the whole value of a message is no object. */
const BARE = /^(?:double precision|real|numeric|bigint|integer|smallint|boolean|timestamp|date)/;

/** Columns that must have a value and cannot get one, because the value of the messages is a bare one. */
function neverFilled({ table, map }: Stream): readonly string[] {
  const columns = table.columns as Readonly<Record<string, Column>>;
  const isBare = Object.entries(map).some(
    ([name, path]) => path === '$value' && BARE.test(columns[name]?.type ?? ''),
  );
  if (!isBare) return [];
  return table.columnNames.filter((name) => {
    const { nullable, defaultSql } = columns[name] as Column;
    return !nullable && defaultSql === undefined && !map[name]?.startsWith('$');
  });
}
