// Reads messages of Protocol Buffers. Bodies come from anywhere: long lists are walked and never collected, and every bound is checked.
import { isUtf8 } from 'node:buffer';
import { Reader } from 'protobufjs/minimal';
import { messageOf } from '../../db/core/errors';

/** Scalar types; those of 64 bits are read as bigint. Enums are `uint32`. */
export type Scalar =
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'int64'
  | 'uint64'
  | 'uint32'
  | 'sint32'
  | 'bool'
  | 'string'
  | 'bytes';

/** A field that is read; fields that a message does not name are skipped. */
export interface Field {
  /** As JSON writes it. */
  readonly name: string;
  /** A function, because messages may contain themselves. */
  readonly type: Scalar | (() => Message<unknown>);
  readonly isRepeated?: true;
}

/** The fields of a message by their numbers; `T` is what it is read as. A field that was not sent is absent. */
export interface Message<T> {
  readonly fields: Readonly<Record<number, Field>>;
  readonly of?: T;
}

/** The bytes or the JSON value are not the message that was expected; the text says why. */
export class MalformedMessage extends Error {}

/** Deepest nesting of messages in one another. */
const DEEPEST = 50;
/** Most elements of a list that is collected: attributes and buckets of one data point. */
const MOST_ELEMENTS = 10_000;

/** @throws MalformedMessage for nesting that is too deep. */
export function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw new MalformedMessage(`messages are nested deeper than ${DEEPEST} levels`);
}

/** @throws MalformedMessage for a list that is too long. */
export function checkLength(name: string, length: number): void {
  if (length > MOST_ELEMENTS)
    throw new MalformedMessage(`${name} has more than ${MOST_ELEMENTS} elements in one message`);
}

/**
 * Reads a message. Strings must be UTF-8, as proto3 says.
 * @throws MalformedMessage
 */
export function decode<T>(message: Message<T>, bytes: Buffer): T {
  try {
    return decodeAt(message, bytes, 0);
  } catch (error) {
    throw malformed(error);
  }
}

/**
 * Walks the elements of a repeated field whose type is a message, a string or bytes.
 * @throws MalformedMessage
 */
export function* each(bytes: Buffer, field: number): Generator<Buffer> {
  const reader = Reader.create(bytes);
  const wanted = (field << 3) | DELIMITED;
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === wanted) yield reader.bytes() as Buffer;
      else reader.skipType(tag & 7, 0, tag >>> 3);
    }
  } catch (error) {
    throw malformed(error);
  }
}

/** The text of bytes. @throws MalformedMessage when they are not UTF-8. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MalformedMessage('a text is not UTF-8');
  return bytes.toString();
}

const malformed = (error: unknown): unknown =>
  error instanceof MalformedMessage || !(error instanceof Error)
    ? error
    : new MalformedMessage(messageOf(error), { cause: error });

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  double: FIXED64,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  int64: VARINT,
  uint64: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  bool: VARINT,
  string: DELIMITED,
  bytes: DELIMITED,
};

function decodeAt<T>({ fields }: Message<T>, bytes: Buffer, depth: number): T {
  checkDepth(depth);
  const result: Record<string, unknown> = {};
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const [wire, number] = [tag & 7, tag >>> 3];
    const field = fields[number];
    const expected = typeof field?.type === 'string' ? WIRE_TYPES[field.type] : DELIMITED;
    // A field with another wire type than its own is an unknown field.
    if (field && wire === expected) put(result, field, readValue(reader, field.type, depth));
    else if (field?.isRepeated && wire === DELIMITED) {
      const packed = Reader.create(reader.bytes() as Buffer);
      while (packed.pos < packed.len) put(result, field, readValue(packed, field.type, depth));
    } else reader.skipType(wire, 0, number);
  }
  return result as T;
}

function put(result: Record<string, unknown>, { name, isRepeated }: Field, value: unknown): void {
  if (!isRepeated) {
    result[name] = value;
    return;
  }
  const list = (result[name] ?? []) as unknown[];
  result[name] = list;
  list.push(value);
  checkLength(name, list.length);
}

function readValue(reader: Reader, type: Field['type'], depth: number): unknown {
  if (typeof type === 'function') return decodeAt(type(), reader.bytes() as Buffer, depth + 1);
  switch (type) {
    case 'string':
      return textOf(reader.bytes() as Buffer);
    case 'fixed64':
    case 'uint64':
      return BigInt.asUintN(64, whole(reader[type]()));
    case 'sfixed64':
    case 'int64':
      return whole(reader[type]());
    default:
      return reader[type]();
  }
}

/** The signed number of 64 bits. */
function whole(value: ReturnType<Reader['int64']>): bigint {
  // Without its package `long`, protobufjs would round to numbers.
  if (typeof value === 'number') throw new TypeError('protobufjs works without the package long');
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}
