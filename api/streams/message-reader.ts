// Messages of brokers → rows: decodes the values by their format, and maps them to columns.
import { messageOf } from '../../db/core/errors';
import type { Stream } from '../../db/language/stream';
import { unwrapEnvelope } from './connect-envelope';
import { jsonDecoder, textOf, Unreadable } from './decoder';
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
    pattern: stream.topic,
  };
  return {
    prepare: (messages) => decoder.prepare(messages),
    rows: (message) => {
      try {
        return rowsOf(way, message);
      } catch (error) {
        return [{ line: 1, source: { message, line: 1 }, reason: messageOf(error) }];
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
  readonly pattern: string;
}

const NO_LEVELS: ReadonlyMap<string, string> = new Map();

/** @throws Unreadable, when there is no row. */
function rowsOf(way: Way, message: Message): readonly SentMessageRow[] {
  const levels = way.levelsOf(message.topic);
  if (levels === undefined) throw new Unreadable(`the topic does not match ${way.pattern}`);
  if (message.value === null || message.value.length === 0) throw new Unreadable('the message has no value');
  const value = readValue(way, message.value);
  if (value === null) throw new Unreadable('the value is null');
  if (!Array.isArray(value)) {
    const source = way.decoder.needsSchema ? { message, line: 1, decoded: value } : { message, line: 1 };
    return [sentRow(way.toRow, new MessageParts(way, message, levels, value), source)];
  }
  if (value.length === 0) throw new Unreadable('the array has no rows');
  return value.map((decoded: unknown, at) =>
    sentRow(way.toRow, new MessageParts(way, message, levels, decoded), { message, line: at + 1, decoded }),
  );
}

function sentRow(toRow: RowMap, parts: MessageParts, source: MessageRow): SentMessageRow {
  const { line } = source;
  try {
    return { line, source, value: toRow(parts) };
  } catch (error) {
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
