// Messages for tests.
import type { Message, MessageReader } from '../message';

/** The time of the message: 2026-11-20T12:00:00.250Z. */
export const TIMESTAMP = Date.UTC(2026, 10, 20, 12, 0, 0, 250);

/** A message with this value: bytes, a text, or a value that is written as JSON. */
export function messageOf(value: unknown, more: Partial<Message> = {}): Message {
  const bytes = Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return {
    topic: 'plant.readings',
    partition: 2,
    offset: 41n,
    timestamp: TIMESTAMP,
    key: null,
    value: bytes,
    headers: [],
    ...more,
  };
}

/** What a reader makes of a message: values, or reasons as texts. */
export const readOf = (reader: MessageReader, message: Message): readonly unknown[] =>
  reader.rows(message).map(({ value, reason }) => reason ?? value);
