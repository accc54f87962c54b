// The JSON form of messages, as `JSON.parse` has read it: lowerCamelCase, 64-bit numbers as texts or numbers; members that are not
// known are ignored.
import type { Encoding, Field, Message } from '../protobuf';
import { checkDepth, checkLength, ELEMENT, MalformedMessage, type Walk } from '../walk';

/** Messages as JSON. */
export function jsonEncoding(walk: Walk): Encoding<unknown> {
  return {
    *each(node, _field, name) {
      const value = membersOf(node)[name] ?? [];
      for (const element of Array.isArray(value) ? value : [value]) {
        walk.step(ELEMENT);
        yield element;
      }
    },
    read: (message, node) => readJson(message, node, 0),
  };
}

function membersOf(node: unknown): Readonly<Record<string, unknown>> {
  if (typeof node === 'object' && node !== null && !Array.isArray(node)) return node as never;
  throw new MalformedMessage('an object was expected where another value is');
}

function readJson<T>({ fields }: Message<T>, node: unknown, depth: number): T {
  checkDepth(depth);
  const members = membersOf(node);
  const result: Record<string, unknown> = {};
  for (const field of Object.values(fields)) {
    const value = Object.hasOwn(members, field.name) ? members[field.name] : undefined;
    // In JSON, null is a field that was not sent.
    if (value === undefined || value === null) continue;
    if (!field.isRepeated) result[field.name] = readValue(field, value, depth);
    else if (Array.isArray(value)) {
      checkLength(field.name, value.length);
      result[field.name] = value.map((one) => readValue(field, one, depth));
    } else throw unreadable(field, value);
  }
  return result as T;
}

function readValue(field: Field, value: unknown, depth: number): unknown {
  const { type } = field;
  if (typeof type === 'function') return readJson(type(), value, depth + 1);
  const result = READERS[type](value);
  if (result === undefined) throw unreadable(field, value);
  return result;
}

const unreadable = ({ name }: Field, value: unknown): MalformedMessage =>
  new MalformedMessage(
    `${name} has a value that it cannot have: ${String(JSON.stringify(value)).slice(0, 60)}`,
  );

/** A text of a number, or a number. Times beyond 2^53 are often sent as numbers, and lose less than a microsecond. */
const whole = (value: unknown): bigint | undefined => {
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
};
const within = (value: bigint | undefined, min: bigint, max: bigint): bigint | undefined =>
  value !== undefined && value >= min && value <= max ? value : undefined;
/** A value that JSON has rounded is another value. */
const signed = (value: unknown): bigint | undefined =>
  typeof value === 'number' && !Number.isSafeInteger(value)
    ? undefined
    : within(whole(value), -(2n ** 63n), 2n ** 63n - 1n);
const unsigned = (value: unknown): bigint | undefined => within(whole(value), 0n, 2n ** 64n - 1n);
const small =
  (min: bigint, max: bigint) =>
  (value: unknown): number | undefined => {
    const number = within(whole(value), min, max);
    return number === undefined ? undefined : Number(number);
  };
const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

const double = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return NOT_FINITE.has(value) || /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    ? Number(value)
    : undefined;
};
const signed32 = small(-(2n ** 31n), 2n ** 31n - 1n);
const unsigned32 = small(0n, 2n ** 32n - 1n);

const READERS: Readonly<Record<Extract<Field['type'], string>, (value: unknown) => unknown>> = {
  double,
  float: double,
  fixed32: unsigned32,
  sfixed32: signed32,
  fixed64: unsigned,
  uint64: unsigned,
  sfixed64: signed,
  int64: signed,
  sint64: signed,
  int32: signed32,
  uint32: unsigned32,
  sint32: signed32,
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  string: (value) => (typeof value === 'string' ? value : undefined),
  bytes: (value) =>
    typeof value === 'string' && /^[\w+/-]*={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined,
};
