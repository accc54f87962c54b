// How the values of a result are read, and which of their texts an answer can show as they are.
import { type FieldDef, types } from 'pg';
import type { Column, TextKind } from '../http/packed-rows';
import { getTypeParser } from './pool';

const { JSONB, INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, TIMESTAMPTZ, TEXT } = types.builtins;

const KINDS: ReadonlyMap<number, TextKind> = new Map<number, TextKind>([
  [TIMESTAMPTZ, 'time'],
  [FLOAT8, 'double'],
  // A JSON text may be a number.
  [JSONB, 'number'],
  ...[INT2, INT4, INT8, FLOAT4, NUMERIC].map((type) => [type, 'number'] as const),
]);

/** The column of a result that has this description. */
export function columnOf({ name, dataTypeID }: FieldDef): Column {
  const read = getTypeParser(dataTypeID) as (text: string) => unknown;
  // Types that the driver does not know are text to it.
  const isText = read === getTypeParser(TEXT);
  return { name, read, kind: KINDS.get(dataTypeID) ?? (isText ? 'text' : 'other') };
}
