// Reads Protobuf by the .proto file that a registry has: https://protobuf.dev/programming-guides/proto3/
import {
  common,
  type Enum,
  type Field,
  type IParserResult,
  MapField,
  type Namespace,
  parse,
  Root,
  Type,
} from 'protobufjs';
import { messageOf } from '../../db/core/errors';
import { type Message, protobufEncoding, type Scalar } from '../compat/protobuf';
import { startWalk } from '../compat/walk';
import { AvroBytes } from './avro-bytes';
import { Unreadable } from './decoder';
import { finite, wholeNumber } from './logical-values';
import { putMember, type Row } from './members';
import { wellKnown } from './protobuf-well-known';

/** Reads messages of a file, which are preceded by the place of their type in it. @throws Unreadable */
export type ProtobufReader = (bytes: Buffer) => unknown;

/**
 * A reader of the messages of a file.
 * @param references the files that it imports, by the names that it imports them with.
 * @throws Unreadable when it cannot be understood.
 */
export function protobufReader(text: string, references: readonly Reference[] = []): ProtobufReader {
  const types = topLevelTypes(text, references);
  const kinds = new Map<Type, Kind>();
  return (bytes) => {
    const { path, body } = splitPath(bytes);
    const type = path.reduce<Type | undefined>(
      (outer, index, depth) => (depth === 0 ? types : messagesIn(outer))[index],
      undefined,
    );
    if (!type) throw new Unreadable(`its schema has no message at ${path.join('.')}`);
    try {
      const { message, meaningOfRow } = kindOf(type, kinds);
      return meaningOfRow(protobufEncoding(startWalk()).read(message, body) as Row);
    } catch (error) {
      throw error instanceof Unreadable ? error : new Unreadable(messageOf(error));
    }
  };
}

interface Reference {
  readonly name: string;
  readonly text: string;
}

/** Name of the file itself; no file can be imported under it. */
const OWN = '\0';

function topLevelTypes(text: string, references: readonly Reference[]): readonly Type[] {
  const root = new Root();
  try {
    const imported = references.flatMap((file) => parseFile(root, file).imports ?? []);
    const { package: name, imports = [] } = parseFile(root, { name: OWN, text });
    for (const file of new Set([...imported, ...imports])) {
      const known = common.get(file);
      if (known?.nested) root.addJSON(known.nested);
      else if (file === DECIMAL) parseFile(root, { name: file, text: DECIMAL_PROTO });
    }
    root.resolveAll();
    const space = name === undefined ? root : (root.lookup(name) as Namespace);
    return messagesIn(space).filter(({ filename }) => filename === OWN);
  } catch (error) {
    throw new Unreadable(`it is not Protobuf: ${messageOf(error)}`);
  }
}

/** Files that registries bring with themselves. */
const DECIMAL = 'confluent/type/decimal.proto';
const DECIMAL_PROTO =
  'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }';

function parseFile(root: Root, { name, text }: Reference): IParserResult {
  // The types of the package do not have it: the parser notes it on what it finds.
  Object.assign(parse, { filename: name });
  return parse(text, root, { keepCase: true });
}

/** In their order in the file. */
const messagesIn = (space: Namespace | undefined): Type[] =>
  (space?.nestedArray ?? []).filter((inner) => inner instanceof Type);

/** The place of a type: the numbers of the messages that contain it, and its own. A single zero stands for the first one. */
function splitPath(bytes: Buffer): { readonly path: readonly number[]; readonly body: Buffer } {
  const from = new AvroBytes(bytes);
  const count = from.int();
  if (count < 0 || count > DEEPEST) throw new Unreadable('it does not begin with the place of its type');
  const path = count === 0 ? [0] : Array.from({ length: count }, () => from.int());
  return { path, body: bytes.subarray(bytes.length - from.left) };
}

const DEEPEST = 50;

/** How messages of a type are read, and what they mean. */
interface Kind {
  readonly message: Message<unknown>;
  meaningOfRow(row: Row): unknown;
}

function kindOf(type: Type, kinds: Map<Type, Kind>): Kind {
  const known = kinds.get(type);
  if (known) return known;
  const fields: Record<number, Message<unknown>['fields'][number]> = {};
  const meanings: ((row: Row, value: Record<string, unknown>) => void)[] = [];
  const kind: Kind = {
    message: { fields },
    meaningOfRow:
      wellKnown(type.fullName) ??
      ((row) => {
        const value: Record<string, unknown> = {};
        for (const meaning of meanings) meaning(row, value);
        return value;
      }),
  };
  // Before its fields: a type may contain itself.
  kinds.set(type, kind);
  for (const field of type.fieldsArray) {
    const { name, id } = field;
    if (name === '__proto__') throw new Unreadable('a field must not be named __proto__');
    const one = elementOf(field, kinds);
    if (field instanceof MapField) {
      const entry = { 1: { name: 'key', type: scalar(field.keyType) }, 2: { name: 'value', type: one.type } };
      fields[id] = { name, type: () => ({ fields: entry }), isRepeated: true };
    } else fields[id] = { name, type: one.type, ...(field.repeated ? { isRepeated: true } : {}) };
    meanings.push(meaningOf(field, one));
  }
  return kind;
}

/** A value of a field, or one of its many. */
interface Element {
  readonly type: Scalar | (() => Message<unknown>);
  meaning(value: unknown): unknown;
  /** What stands for a value that was not sent, where that is said by the type. */
  readonly absent: unknown;
}

function elementOf(field: Field, kinds: Map<Type, Kind>): Element {
  const { resolvedType } = field;
  if (resolvedType instanceof Type) {
    const kind = (): Kind => kindOf(resolvedType, kinds);
    return { type: () => kind().message, meaning: (value) => kind().meaningOfRow(value as Row), absent: {} };
  }
  if (resolvedType !== null) {
    const { valuesById } = resolvedType as Enum;
    return { type: 'int32', meaning: (value) => valuesById[value as number] ?? value, absent: 0 };
  }
  const type = scalar(field.type);
  if (type === 'string') return { type, meaning: (value) => value, absent: '' };
  if (type === 'bool') return { type, meaning: (value) => value, absent: false };
  if (type === 'bytes')
    return { type, meaning: (value) => (value as Buffer).toString('base64'), absent: Buffer.alloc(0) };
  return {
    type,
    meaning: (value) => (typeof value === 'bigint' ? wholeNumber(value) : finite(value as number)),
    absent: 0,
  };
}

const SCALARS: ReadonlySet<string> = new Set<Scalar>([
  'double',
  'float',
  'fixed32',
  'sfixed32',
  'fixed64',
  'sfixed64',
  'int32',
  'int64',
  'sint64',
  'uint64',
  'uint32',
  'sint32',
  'bool',
  'string',
  'bytes',
]);

function scalar(type: string): Scalar {
  if (SCALARS.has(type)) return type as Scalar;
  throw new Unreadable(`fields of type ${type} cannot be read`);
}

function meaningOf(field: Field, one: Element) {
  const { name } = field;
  // What is zero or empty is not sent, unless the field can tell that it was sent.
  const isImplicit = !field.hasPresence && !(field.resolvedType instanceof Type);
  return (row: Row, value: Record<string, unknown>): void => {
    const given = row[name];
    if (field instanceof MapField) {
      if (given === undefined) return;
      const members: Record<string, unknown> = {};
      for (const entry of given as readonly { readonly key?: unknown; readonly value?: unknown }[])
        putMember(members, String(entry.key ?? absentKey(field)), one.meaning(entry.value ?? one.absent));
      value[name] = members;
    } else if (field.repeated) {
      if (given !== undefined)
        value[name] = (given as readonly unknown[]).map((element) => one.meaning(element));
    } else if (given !== undefined) value[name] = one.meaning(given);
    else if (isImplicit) value[name] = one.meaning(one.absent);
  };
}

const absentKey = ({ keyType }: MapField): string => {
  if (keyType === 'string') return '';
  return keyType === 'bool' ? 'false' : '0';
};
