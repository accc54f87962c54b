// The types that Protobuf and schema registries bring with themselves, as JSON has them: https://protobuf.dev/programming-guides/json/
import { ExactNumber } from '../../db/core/exact-json';
import { timeOfNumber } from './epoch-time';
import { decimalOf, finite, wholeNumber } from './logical-values';
import { putMember, type Row } from './members';

/** What a message of the type means; undefined for other types. Names of types begin with a point. */
export function wellKnown(fullName: string): ((row: Row) => unknown) | undefined {
  return TYPES.get(fullName);
}

function timestamp({ seconds = 0n, nanos = 0 }: Row): unknown {
  const at = (seconds as bigint) * 1_000_000_000n + BigInt(nanos as number);
  return timeOfNumber(String(at), 'ns') ?? new ExactNumber(String(at));
}

function struct({ fields = [] }: Row): unknown {
  const members: Record<string, unknown> = {};
  for (const { key = '', value = {} } of fields as readonly { readonly key?: string; readonly value?: Row }[])
    putMember(members, key, jsonValue(value));
  return members;
}

function jsonValue(value: Row): unknown {
  if (value.structValue !== undefined) return struct(value.structValue as Row);
  if (value.listValue !== undefined) return list(value.listValue as Row);
  if (value.numberValue !== undefined) return finite(value.numberValue as number);
  return value.stringValue ?? value.boolValue ?? null;
}

const list = ({ values = [] }: Row): unknown => (values as readonly Row[]).map(jsonValue);

const wrapped =
  (absent: unknown, meaning: (value: never) => unknown = (value) => value) =>
  ({ value = absent }: Row): unknown =>
    meaning(value as never);

const TYPES: ReadonlyMap<string, (row: Row) => unknown> = new Map([
  ['.google.protobuf.Timestamp', timestamp],
  ['.google.protobuf.Struct', struct],
  ['.google.protobuf.Value', jsonValue],
  ['.google.protobuf.ListValue', list],
  ['.google.protobuf.DoubleValue', wrapped(0, finite)],
  ['.google.protobuf.FloatValue', wrapped(0, finite)],
  ['.google.protobuf.Int64Value', wrapped(0n, wholeNumber)],
  ['.google.protobuf.UInt64Value', wrapped(0n, wholeNumber)],
  ['.google.protobuf.Int32Value', wrapped(0)],
  ['.google.protobuf.UInt32Value', wrapped(0)],
  ['.google.protobuf.BoolValue', wrapped(false)],
  ['.google.protobuf.StringValue', wrapped('')],
  ['.google.protobuf.BytesValue', wrapped(Buffer.alloc(0), (value: Buffer) => value.toString('base64'))],
  [
    '.confluent.type.Decimal',
    ({ value = Buffer.alloc(0), scale = 0 }) => decimalOf(value as Buffer, scale as number),
  ],
]);
