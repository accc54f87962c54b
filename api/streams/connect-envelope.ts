// The envelope in which the JSON converter of Kafka Connect writes values: `{ "schema": …, "payload": … }`.
import { isObject } from './members';

/** The payload of an envelope; every other value as it is. */
export function unwrapEnvelope(value: unknown): unknown {
  if (!isObject(value) || !Object.hasOwn(value, 'payload') || !Object.hasOwn(value, 'schema')) return value;
  if (Object.keys(value).length !== 2) return value;
  const { schema, payload } = value;
  if (schema === null) return payload;
  return isObject(schema) && typeof schema.type === 'string' && TYPES.has(schema.type) ? payload : value;
}

const TYPES: ReadonlySet<string> = new Set([
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
