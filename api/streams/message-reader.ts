// Messages of brokers → rows: decodes the values by their format, and maps them to columns.
import { messageOf } from '../../db/core/errors';
import type { Stream } from '../../db/language/stream';
import { unwrapEnvelope } from './connect-envelope';
import { textOf, Unreadable } from './decoder';
import { isObject, memberAt } from './members';
import type { Decoded, Message, MessageReader, MessageRow, SentMessageRow } from './message';
import { MessageParts, type PartsOptions } from './message-parts';
import { type RowMap, rowMap } from './row-map';
import { decoderOf } from './schema-decoder';
import type { SchemaRegistry } from './schema-registry';
import { topicMatches } from './topic-pattern';

export interface ReaderOptions {
  /** Has the schemas of Avro and Protobuf; without it, only rows that were decoded before can be read. */
  readonly registry?: SchemaRegistry;
}

/** A reader of the messages of a stream. */
export function messageReader(stream: Stream, { registry }: ReaderOptions = {}): MessageReader {
  const decoder = decoderOf(stream.kind === 'kafka' ? stream.format : 'json', registry);
  const paths = Object.values(stream.map);
  const timePath = stream.map[stream.table.time] ?? stream.table.time;
  const way: Way = {
    decoder,
    toRow: rowMap(stream),
    levelsOf: stream.kind === 'mqtt' ? topicMatches(stream.topic) : () => NO_LEVELS,
    takesText: paths.includes('$value'),
    unwraps: !decoder.needsSchema && !paths.some((path) => /^payload\b/.test(path)),
    stream,
    timePath: timePath.split('.'),
  };
  return {
    prepare: (messages) => decoder.prepare(messages),
    rows: (message, before) => {
      try {
        return rowsOf(way, message, before);
      } catch (error) {
        const source: MessageRow = { message, broker: stream.kind, line: 1, hasOwnTime: false };
        return [{ line: 1, source, reason: messageOf(error) }];
      }
    },
  };
}

/** How the messages of a stream are read. */
interface Way extends PartsOptions {
  readonly toRow: RowMap;
  readonly levelsOf: (topic: string) => ReadonlyMap<string, string> | undefined;
  /** Whether a column takes the whole value, which may then be a text that is not JSON. */
  readonly takesText: boolean;
  readonly stream: Stream;
  /** Where the time of a row comes from. */
  readonly timePath: readonly string[];
}

const NO_LEVELS: ReadonlyMap<string, string> = new Map();

/** @throws Unreadable, when there is no row. */
function rowsOf(way: Way, message: Message, before: Decoded | undefined): readonly SentMessageRow[] {
  const levels = way.levelsOf(message.topic);
  if (levels === undefined) throw new Unreadable(`the topic does not match ${way.stream.topic}`);
  const one = (value: unknown, more?: OfValue) =>
    sentRow(way, new MessageParts(way, message, levels, value, before?.decodedKey), more);
  if (before?.decoded !== undefined) return [one(before.decoded, { line: 1, decoded: before.decoded })];
  if (message.value === null || message.value.length === 0) throw new Unreadable('the message has no value');
  const value = readValue(way, message.value);
  if (value === null) throw new Unreadable('the value is null');
  if (!Array.isArray(value))
    return [one(value, way.decoder.needsSchema ? { line: 1, decoded: value } : undefined)];
  if (value.length === 0) throw new Unreadable('the array has no rows');
  return value.map((row: unknown, at) => one(row, { line: at + 1, isOneOfMany: true, decoded: row }));
}

type OfValue = Pick<MessageRow, 'line' | 'isOneOfMany' | 'decoded'>;
const WHOLE: OfValue = { line: 1 };

function sentRow(way: Way, parts: MessageParts, more = WHOLE): SentMessageRow {
  const { line } = more;
  let value: unknown;
  let reason: string | undefined;
  try {
    value = way.toRow(parts);
  } catch (error) {
    reason = messageOf(error);
  }
  const { message, decodedKey } = parts;
  const own: MessageRow = {
    message,
    broker: way.stream.kind,
    hasOwnTime: hasOwnTime(way, parts, value),
    ...more,
  };
  const source = decodedKey === undefined ? own : { ...own, decodedKey };
  return reason === undefined ? { line, source, value } : { line, source, reason };
}

/** Also of a row that is refused for another reason. */
function hasOwnTime({ timePath, stream }: Way, { value }: MessageParts, row: unknown): boolean {
  const [part = ''] = timePath;
  if (!part.startsWith('$')) return memberAt(value, timePath) !== undefined;
  return part !== '$timestamp' && isObject(row) && row[stream.table.time] !== undefined;
}

function readValue({ decoder, takesText, unwraps }: Way, bytes: Buffer): unknown {
  try {
    const value = decoder.value(bytes);
    return unwraps ? unwrapEnvelope(value) : value;
  } catch (error) {
    if (!takesText || decoder.needsSchema) throw error;
    const text = textOf(bytes);
    // JSON that is damaged is not what its sender meant as a text.
    if (/^\s*[{["]/.test(text)) throw error;
    return text;
  }
}
