// The bytes of keys and values as values, by the format of a stream.
import { isUtf8 } from 'node:buffer';
import { messageOf } from '../../db/core/errors';
import { parseJson } from '../../db/core/exact-json';
import type { Message } from './message';

/** Bytes that cannot be read; the text says why. */
export class Unreadable extends Error {}

/** Reads bytes as values of `parseJson`: numbers that a double would change are `ExactNumber`. */
export interface Decoder {
  /** Whether a value means more than its bytes say: it needs a schema. */
  readonly needsSchema: boolean;
  /** As of a `MessageReader`. */
  prepare(messages: readonly Message[]): Promise<void>;
  /** @throws Unreadable */
  value(bytes: Buffer): unknown;
  /** @throws Unreadable */
  key(bytes: Buffer): unknown;
}

/** JSON, also with the header that Confluent's serialisers write before it. */
export const jsonDecoder: Decoder = {
  needsSchema: false,
  prepare: async () => undefined,
  value: jsonOf,
  key: jsonOf,
};

function jsonOf(bytes: Buffer): unknown {
  // No text of JSON begins with NUL: it is the magic byte, and the number of a schema follows.
  const text = textOf(bytes[0] === 0 && bytes.length > HEADER ? bytes.subarray(HEADER) : bytes);
  try {
    return parseJson(text);
  } catch (error) {
    throw new Unreadable(`the value is not JSON: ${messageOf(error).slice(0, 200)}`);
  }
}

/** Bytes before a value that Confluent's serialisers write: a zero and the number of its schema. */
export const HEADER = 5;

/** The number of the schema of a value; undefined when it does not begin with one. */
export const schemaOf = (bytes: Buffer | null): number | undefined =>
  bytes !== null && bytes.length >= HEADER && bytes[0] === 0 ? bytes.readInt32BE(1) : undefined;

/**
 * The text of UTF-8 bytes, without a byte order mark.
 * @throws Unreadable
 */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Unreadable('it is not UTF-8');
  const text = bytes.toString();
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
