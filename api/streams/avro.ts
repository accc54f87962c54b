// Reads Avro by the schema that it was written with: https://avro.apache.org/docs/1.12.0/specification/
// The packages for Node round numbers of 64 bits, take two unions of numbers for ambiguous, replace bytes that are not UTF-8, and count
// to 2^63 in an array of nulls.

import { AvroBytes } from './avro-bytes';
import { Unreadable } from './decoder';
import {
  CONNECT_TYPES,
  dateOfDays,
  decimalOf,
  finite,
  instantIn,
  localTimeIn,
  type Meaning,
  timeOfDayIn,
  wholeNumber,
} from './logical-values';
import { isObject, putMember, type Row } from './members';

/** Reads values of one schema. @throws Unreadable */
export type AvroReader = (bytes: Buffer) => unknown;

/**
 * A reader of a schema.
 * @param references the schemas that it names, each after those that it names itself.
 * @throws Unreadable when it is no schema of Avro.
 */
export function avroReader(schema: unknown, references: readonly unknown[] = []): AvroReader {
  const names: Names = new Map();
  for (const reference of references) compile(reference, '', names);
  const read = compile(schema, '', names);
  return (bytes) => {
    const from = new AvroBytes(bytes);
    const value = read(from);
    if (from.left > 0)
      throw new Unreadable(`${from.left} bytes follow the value; it was written with another schema`);
    return value;
  };
}

type Read = (from: AvroBytes) => unknown;
/** The named types by their full names; a type may contain itself. */
type Names = Map<string, { read: Read }>;

const PRIMITIVES: ReadonlyMap<unknown, Read> = new Map<unknown, Read>([
  ['null', () => null],
  ['boolean', (from) => from.boolean()],
  ['int', (from) => from.int()],
  ['long', (from) => wholeNumber(from.long())],
  ['float', (from) => finite(from.float())],
  ['double', (from) => finite(from.double())],
  ['bytes', (from) => from.bytes().toString('base64')],
  ['string', (from) => from.string()],
]);

const LOGICAL: ReadonlyMap<unknown, Meaning> = new Map<unknown, Meaning>([
  ['timestamp-millis', instantIn('ms')],
  ['timestamp-micros', instantIn('us')],
  ['timestamp-nanos', instantIn('ns')],
  ['local-timestamp-millis', localTimeIn('ms')],
  ['local-timestamp-micros', localTimeIn('us')],
  ['local-timestamp-nanos', localTimeIn('ns')],
  ['date', dateOfDays],
  ['time-millis', timeOfDayIn('ms')],
  ['time-micros', timeOfDayIn('us')],
]);

function compile(schema: unknown, namespace: string, names: Names): Read {
  if (Array.isArray(schema)) return union(schema.map((branch: unknown) => compile(branch, namespace, names)));
  if (typeof schema === 'string') return PRIMITIVES.get(schema) ?? named(schema, namespace, names);
  if (!isObject(schema)) throw noSchema('a type is neither a name nor an object');
  const { type } = schema;
  switch (type) {
    case 'record':
    case 'error':
      return define(schema, namespace, names, (own) => record(schema, own, names));
    case 'enum':
      return define(schema, namespace, names, () => enumeration(schema));
    case 'fixed':
      return define(schema, namespace, names, () => fixed(schema));
    case 'array':
      return array(compile(schema.items, namespace, names));
    case 'map':
      return map(compile(schema.values, namespace, names));
    default:
      return logical(schema, typeof type === 'string' && PRIMITIVES.has(type) ? type : undefined, () =>
        compile(type, namespace, names),
      );
  }
}

function named(name: string, namespace: string, names: Names): Read {
  const found = names.get(fullName(name, namespace)) ?? names.get(name);
  if (!found) throw noSchema(`the type ${JSON.stringify(name.slice(0, 100))} is not known`);
  return (from) => found.read(from);
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;

/** Notes the type under its name before it is compiled, because it may contain itself. */
function define(schema: Row, outer: string, names: Names, make: (namespace: string) => Read): Read {
  if (typeof schema.name !== 'string') throw noSchema('a type has no name');
  const given = typeof schema.namespace === 'string' ? schema.namespace : outer;
  const name = fullName(schema.name, given);
  const entry: { read: Read } = { read: () => undefined };
  names.set(name, entry);
  entry.read = make(name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '');
  return entry.read;
}

function record({ fields }: Row, namespace: string, names: Names): Read {
  if (!Array.isArray(fields)) throw noSchema('a record has no fields');
  const readers = fields.map((field: unknown) => {
    if (!isObject(field) || typeof field.name !== 'string') throw noSchema('a field has no name');
    return { name: field.name, read: compile(field.type, namespace, names) };
  });
  return (from) =>
    from.inside(() => {
      const value: Record<string, unknown> = {};
      for (const { name, read } of readers) putMember(value, name, read(from));
      return value;
    });
}

function enumeration({ symbols }: Row): Read {
  if (!Array.isArray(symbols)) throw noSchema('an enum has no symbols');
  return (from) => from.oneOf(symbols as readonly string[]);
}

function fixed(schema: Row): Read {
  const { size, logicalType } = schema;
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw noSchema('a fixed type has no size');
  const bytes = (from: AvroBytes): Buffer => from.take(size as number);
  if (logicalType === 'decimal') return (from) => decimalOf(bytes(from), Number(schema.scale ?? 0));
  if (logicalType === 'uuid' && size === 16)
    return (from) =>
      bytes(from)
        .toString('hex')
        .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return (from) => bytes(from).toString('base64');
}

/** A type with attributes: what they mean is put upon what is read. */
function logical(schema: Row, primitive: string | undefined, inner: () => Read): Read {
  if (primitive === 'bytes' && schema.logicalType === 'decimal')
    return (from) => decimalOf(from.bytes(), Number(schema.scale ?? 0));
  const read = inner();
  const connect = schema['connect.name'];
  const meaning =
    LOGICAL.get(schema.logicalType) ?? (typeof connect === 'string' ? CONNECT_TYPES.get(connect) : undefined);
  const isNumber = primitive === 'int' || primitive === 'long';
  return meaning && isNumber ? (from) => meaning(read(from)) : read;
}

const array =
  (item: Read): Read =>
  (from) =>
    from.inside(() => {
      const items: unknown[] = [];
      from.eachItem(() => items.push(item(from)));
      return items;
    });

const map =
  (value: Read): Read =>
  (from) =>
    from.inside(() => {
      const members: Record<string, unknown> = {};
      from.eachItem(() => {
        const name = from.string();
        if (Object.hasOwn(members, name))
          throw new Unreadable(`the key ${JSON.stringify(name.slice(0, 60))} is given twice`);
        putMember(members, name, value(from));
      });
      return members;
    });

const union =
  (branches: readonly Read[]): Read =>
  (from) =>
    from.inside(() => from.oneOf(branches)(from));

const noSchema = (why: string): Unreadable => new Unreadable(`its schema is not Avro: ${why}`);
