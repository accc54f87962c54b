// Messages of brokers → rows: decodes the values by their format, and maps them to columns.
import { messageOf } from '../../db/core/errors';
import type { Stream } from '../../db/language/stream';
import { unwrapEnvelope } from './connect-envelope';
import { jsonDecoder, textOf, Unreadable } from './decoder';
import { isObject } from './members';
import type { Message, MessageReader, MessageRow, SentMessageRow } from './message';
import { MessageParts, type PartsOptions } from './message-parts';
import { type RowMap, rowMap } from './row-map';
import { topicMatches } from './topic-pattern';

/** A reader of the messages of a stream. */
export function messageReader(stream: Stream): MessageReader {
  const decoder = jsonDecoder;
  const paths = Object.values(stream.map);
  const way: Way = {
    decoder,
    toRow: rowMap(stream),
    levelsOf: stream.kind === 'mqtt' ? topicMatches(stream.topic) : () => NO_LEVELS,
    takesText: paths.includes('$value'),
    unwraps: !paths.some((path) => /^payload\b/.test(path)),
    stream,
    takesTime: stream.map[stream.table.time] === '$timestamp',
  };
  return {
    prepare: (messages) => decoder.prepare(messages),
    rows: (message, decoded) => {
      try {
        return rowsOf(way, message, decoded);
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
  /** Whether the time of a row is that of its message. */
  readonly takesTime: boolean;
}

const NO_LEVELS: ReadonlyMap<string, string> = new Map();

/** @throws Unreadable, when there is no row. */
function rowsOf(way: Way, message: Message, decoded: unknown): readonly SentMessageRow[] {
  const levels = way.levelsOf(message.topic);
  if (levels === undefined) throw new Unreadable(`the topic does not match ${way.stream.topic}`);
  const one = (value: unknown, more?: OfValue) =>
    sentRow(way, new MessageParts(way, message, levels, value), more);
  if (decoded !== undefined) return [one(decoded, { line: 1, decoded })];
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

function sentRow({ toRow, stream, takesTime }: Way, parts: MessageParts, more = WHOLE): SentMessageRow {
  const { message } = parts;
  const { line } = more;
  try {
    const value = toRow(parts);
    const hasOwnTime = !takesTime && isObject(value) && value[stream.table.time] !== undefined;
    return { line, source: { message, broker: stream.kind, hasOwnTime, ...more }, value };
  } catch (error) {
    const source: MessageRow = { message, broker: stream.kind, hasOwnTime: false, ...more };
    return { line, source, reason: messageOf(error) };
  }
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
