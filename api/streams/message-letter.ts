// Messages of brokers in dead letters: as a JSON object that people can read, from which the message can be made again byte for byte.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { ExactNumber, parseJson, writeJson } from '../../db/core/exact-json';
import { type Message, type MessageRow, timeOfMessage } from './message';

/** Bytes: a text when they are UTF-8. */
type Bytes = string | { readonly base64: string };

interface Letter {
  readonly broker: MessageRow['broker'];
  readonly topic: string;
  /** Absent for MQTT, as the offset is. */
  readonly partition?: number;
  readonly offset?: bigint | number | ExactNumber;
  /** ISO 8601; absent when the broker had none. */
  readonly timestamp?: string;
  readonly line: number;
  readonly key?: Bytes;
  readonly headers?: readonly (readonly [name: string, value: Bytes])[];
  /** Absent for one of several rows: the message may be very long, and its other rows may be stored. */
  readonly value?: Bytes;
  /** The row as it was decoded, where the value is absent or is not JSON. */
  readonly row?: unknown;
  readonly decodedKey?: unknown;
}

/** The letter of a row, as JSON. */
export function letterOf({ message, broker, line, isOneOfMany, decoded, decodedKey }: MessageRow): string {
  const { topic, partition, offset, key, headers, value } = message;
  const timestamp = timeOfMessage(message);
  const letter: Letter = {
    broker,
    topic,
    ...(broker === 'kafka' ? { partition, offset } : {}),
    ...(timestamp === undefined ? {} : { timestamp }),
    line,
    ...(key === null ? {} : { key: written(key) }),
    ...(headers.length === 0
      ? {}
      : { headers: headers.map(([name, bytes]) => [name, written(bytes)] as const) }),
    ...(value === null || isOneOfMany ? {} : { value: written(value) }),
    ...(decoded === undefined ? {} : { row: decoded }),
    ...(decodedKey === undefined ? {} : { decodedKey }),
  };
  return writeJson(letter);
}

/** The message of a letter that `letterOf` wrote, and the row where it was decoded. */
export function readLetter(text: string): Omit<MessageRow, 'hasOwnTime'> {
  const {
    broker,
    topic,
    partition = 0,
    offset = 0,
    timestamp,
    line,
    key,
    headers = [],
    value,
    row,
    decodedKey,
  } = parseJson(text) as Letter;
  const message: Message = {
    topic,
    partition,
    offset: BigInt(offset instanceof ExactNumber ? offset.value : offset),
    timestamp: timestamp === undefined ? -1 : Date.parse(timestamp),
    key: key === undefined ? null : bytesOf(key),
    value: value === undefined ? null : bytesOf(value),
    headers: headers.map(([name, bytes]) => [name, bytesOf(bytes)]),
  };
  return {
    message,
    broker,
    line,
    ...(row === undefined ? {} : { decoded: row }),
    ...(decodedKey === undefined ? {} : { decodedKey }),
  };
}

/**
 * What tells a row of a message apart from every other one: its place in Kafka, with its bytes, because a topic may be made anew under
 * its name. MQTT has no places: there the same message may be another reading, unless it names its own time.
 * @returns undefined when nothing does.
 */
export function identityOf({
  message,
  broker,
  line,
  hasOwnTime,
}: MessageRow): readonly unknown[] | undefined {
  const { topic, partition, offset } = message;
  // As topics of dead letters keep it: a number that is no time of the calendar is none.
  const timestamp = timeOfMessage(message) === undefined ? -1 : message.timestamp;
  const bytes = digestOf(message);
  if (broker === 'kafka') return [broker, topic, partition, String(offset), timestamp, line, bytes];
  return hasOwnTime ? [broker, topic, line, bytes] : undefined;
}

/** Digests of values. Each row of an array asks for that of the whole message. */
const digests = new WeakMap<Message, string>();

function digestOf(message: Message): string {
  const known = digests.get(message);
  if (known !== undefined) return known;
  const digest = createHash('sha256')
    .update(message.value ?? '')
    .digest('base64url');
  digests.set(message, digest);
  return digest;
}

const written = (bytes: Buffer): Bytes =>
  isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') };

const bytesOf = (bytes: Bytes): Buffer =>
  typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.base64, 'base64');
