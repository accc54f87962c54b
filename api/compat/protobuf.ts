// Reads messages of Protocol Buffers. Bodies come from anywhere: long lists are walked and never collected, and every bound is checked.
import { isUtf8 } from 'node:buffer';
import { Reader } from 'protobufjs/minimal';
import { messageOf } from '../../db/core/errors';
import { checkDepth, checkLength, ELEMENT, MalformedMessage, SKIPPED, type Walk } from './walk';

/** Scalar types; those of 64 bits are read as bigint. Enums are `uint32`. */
export type Scalar =
  | 'double'
  | 'float'
  | 'fixed32'
  | 'sfixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'int32'
  | 'int64'
  | 'sint64'
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

/** Reads messages whose encoded form is `Node`. All of it may throw MalformedMessage. */
export interface Encoding<Node> {
  /** Walks the messages of a repeated field, or the one of another field. */
  each(node: Node, field: number, name: string): Iterable<Node>;
  read<T>(message: Message<T>, node: Node): T;
}

/** Messages as bytes. Texts must be UTF-8, as proto3 says. */
export function protobufEncoding(walk: Walk): Encoding<Buffer> {
  return {
    each: (bytes, field) => elements(bytes, field, walk),
    read: (message, bytes) => {
      try {
        return decode(message, { bytes, depth: 0, walk });
      } catch (error) {
        throw malformed(error);
      }
    },
  };
}

/** @throws MalformedMessage when the bytes are not UTF-8. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MalformedMessage('a text is not UTF-8');
  return bytes.toString();
}

function* elements(bytes: Buffer, field: number, walk: Walk): Generator<Buffer> {
  const reader = Reader.create(bytes);
  const wanted = (field << 3) | DELIMITED;
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === wanted) {
        walk.step(ELEMENT);
        yield reader.bytes() as Buffer;
      } else skip(reader, tag, walk);
    }
  } catch (error) {
    throw malformed(error);
  }
}

function skip(reader: Reader, tag: number, walk: Walk): void {
  walk.step(SKIPPED);
  reader.skipType(tag & 7, 0, tag >>> 3);
}

const malformed = (error: unknown): unknown =>
  error instanceof MalformedMessage || !(error instanceof Error)
    ? error
    : new MalformedMessage(messageOf(error), { cause: error });

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  double: FIXED64,
  float: FIXED32,
  fixed32: FIXED32,
  sfixed32: FIXED32,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  int32: VARINT,
  int64: VARINT,
  sint64: VARINT,
  uint64: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  bool: VARINT,
  string: DELIMITED,
  bytes: DELIMITED,
};

/** A message within others. */
interface Part {
  readonly bytes: Buffer;
  readonly depth: number;
  readonly walk: Walk;
}

function decode<T>({ fields }: Message<T>, part: Part): T {
  checkDepth(part.depth);
  const result: Record<string, unknown> = {};
  const reader = Reader.create(part.bytes);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const wire = tag & 7;
    const field = fields[tag >>> 3];
    const expected = typeof field?.type === 'string' ? WIRE_TYPES[field.type] : DELIMITED;
    // A field with another wire type than its own is an unknown field.
    if (field && wire === expected) put(result, field, readValue(reader, field.type, part));
    else if (field?.isRepeated && wire === DELIMITED) {
      const packed = Reader.create(reader.bytes() as Buffer);
      while (packed.pos < packed.len) put(result, field, readValue(packed, field.type, part));
    } else skip(reader, tag, part.walk);
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

function readValue(reader: Reader, type: Field['type'], { depth, walk }: Part): unknown {
  if (typeof type === 'function') {
    walk.step(ELEMENT);
    return decode(type(), { bytes: reader.bytes() as Buffer, depth: depth + 1, walk });
  }
  switch (type) {
    case 'string':
      return textOf(reader.bytes() as Buffer);
    case 'fixed64':
    case 'uint64':
      return BigInt.asUintN(64, whole(reader[type]()));
    case 'sfixed64':
    case 'int64':
    case 'sint64':
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
