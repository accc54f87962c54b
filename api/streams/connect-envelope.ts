// The envelope in which the JSON converter of Kafka Connect writes values: `{ "schema": …, "payload": … }`.
// https://github.com/apache/kafka/blob/4.2/connect/json/src/main/java/org/apache/kafka/connect/json/JsonConverter.java
import { parseJson } from '../../db/core/exact-json';
import { Unreadable } from './decoder';
import { CONNECT_TYPES, decimalOf } from './logical-values';
import { isObject, putMember, type Row } from './members';

/**
 * The payload of an envelope, with the meaning that its schema gives to numbers and bytes; every other value as it is.
 * @throws Unreadable
 */
export function unwrapEnvelope(value: unknown): unknown {
  if (!isObject(value) || !Object.hasOwn(value, 'payload') || !Object.hasOwn(value, 'schema')) return value;
  if (Object.keys(value).length !== 2) return value;
  const { schema, payload } = value;
  if (schema === null) return payload;
  return isSchema(schema) ? meant(schema, payload, 0) : value;
}

const TYPES: ReadonlySet<unknown> = new Set([
  'struct',
  'array',
  'map',
  'string',
  'bytes',
  'boolean',
  'float',
  'double',
  'int8',
  'int16',
  'int32',
  'int64',
]);

const isSchema = (schema: unknown): schema is Row => isObject(schema) && TYPES.has(schema.type);

const DEEPEST = 200;

function meant(schema: unknown, value: unknown, depth: number): unknown {
  if (depth > DEEPEST) throw new Unreadable(`its schema is nested deeper than ${DEEPEST} levels`);
  if (value === null || !isSchema(schema)) return value;
  const { name } = schema;
  const meaning = typeof name === 'string' ? CONNECT_TYPES.get(name) : undefined;
  if (meaning !== undefined) return meaning(value);
  if (name === 'org.apache.kafka.connect.data.Decimal') return decimal(value, schema.parameters);
  if (name === 'io.debezium.data.VariableScaleDecimal' && isObject(value))
    return decimal(value.value, { scale: value.scale });
  if (name === 'io.debezium.data.Json' && typeof value === 'string') return jsonOf(value);
  const inner = (part: unknown, of: unknown): unknown => meant(of, part, depth + 1);
  if (schema.type === 'struct' && isObject(value) && Array.isArray(schema.fields)) {
    const fields = new Map(schema.fields.filter(isObject).map((field) => [field.field, field]));
    return mapMembers(value, (member, key) => inner(member, fields.get(key)));
  }
  if (schema.type === 'map' && isObject(value))
    return mapMembers(value, (member) => inner(member, schema.values));
  if (schema.type === 'array' && Array.isArray(value))
    return value.map((element) => inner(element, schema.items));
  return value;
}

function mapMembers(value: Row, change: (member: unknown, name: string) => unknown): Row {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value)) putMember(result, name, change(value[name], name));
  return result;
}

function decimal(value: unknown, parameters: unknown): unknown {
  const scale = isObject(parameters) ? Number(parameters.scale ?? 0) : Number.NaN;
  // With decimal.format=NUMERIC it is a number already.
  if (typeof value !== 'string' || !Number.isInteger(scale)) return value;
  if (!/^[\w+/]*={0,2}$/.test(value)) throw new Unreadable('a decimal number is not base64');
  return decimalOf(Buffer.from(value, 'base64'), scale);
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
