// What column types allow, and how clients write their values.
import { isIP } from 'node:net';
import type { Hypertable } from '../../../db/language/hypertable';
import { canonicalTime } from '../../http/time';
import { columnOf } from './figures';

/** What kind of values a column has. */
export type TypeKind =
  | 'integer'
  | 'number'
  | 'text'
  | 'boolean'
  | 'uuid'
  | 'time'
  | 'date'
  | 'inet'
  | 'json'
  | 'other';

const KINDS: Readonly<Record<string, TypeKind>> = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  real: 'number',
  'double precision': 'number',
  numeric: 'number',
  text: 'text',
  'character varying': 'text',
  boolean: 'boolean',
  uuid: 'uuid',
  'timestamp with time zone': 'time',
  date: 'date',
  inet: 'inet',
  jsonb: 'json',
};

/** The kind of a declared type, e.g. of `character varying(50)`. */
export const kindOf = (type: string): TypeKind => KINDS[type.replace(/\(.*\)$/, '')] ?? 'other';

/** Names of the table's columns of the given kinds. */
export function columnsOfKind(table: Hypertable, kinds: ReadonlySet<TypeKind>): readonly string[] {
  return table.columnNames.filter((name) => kinds.has(kindOf(columnOf(table, name)?.type ?? '')));
}

/** Kinds that can be added up and averaged. */
export const NUMERIC: ReadonlySet<TypeKind> = new Set(['integer', 'number']);
/** Kinds that have a smallest and a largest value on every engine. */
export const ORDERED: ReadonlySet<TypeKind> = new Set(['integer', 'number', 'text', 'time', 'date', 'inet']);
/** Kinds whose values can tell series apart. */
export const GROUPABLE: ReadonlySet<TypeKind> = new Set([
  'integer',
  'text',
  'boolean',
  'uuid',
  'date',
  'inet',
]);

/** The type that a value of the column is cast to: a cast to `varchar(50)` would cut it silently. */
export const castOf = (type: string): string => (kindOf(type) === 'text' ? 'text' : type);

/** Whether a text is not too long for a column of the type, e.g. of `character varying(50)`. */
export function fits(type: string, text: string): boolean {
  const most = /^character varying\((\d+)\)$/.exec(type)?.[1];
  return most === undefined || text.length <= Number(most) || [...text].length <= Number(most);
}

const WHOLE_LIMITS: Readonly<Record<string, bigint>> = {
  smallint: 2n ** 15n,
  integer: 2n ** 31n,
  bigint: 2n ** 63n,
};

/** The value as it is bound, or what was expected. */
export function readValue(
  type: string,
  text: string,
): { readonly value: string } | { readonly expected: string } {
  const value = canonicalValue(type, text);
  return value === undefined ? { expected: EXPECTED[kindOf(type)] } : { value };
}

const EXPECTED: Readonly<Record<TypeKind, string>> = {
  integer: 'a whole number within the limits of the column',
  number: 'a number, for example 21.5',
  text: 'a text without NUL',
  boolean: 'true or false',
  uuid: 'a UUID, for example 123e4567-e89b-42d3-a456-426614174000',
  time: 'a time as in RFC 3339',
  date: 'a date, for example 2026-11-20',
  inet: 'an IP address or network',
  json: 'JSON',
  other: 'comparable, as values of this type cannot be compared',
};

function canonicalValue(type: string, text: string): string | undefined {
  const trimmed = text.trim();
  switch (kindOf(type)) {
    case 'integer': {
      if (!/^[+-]?\d{1,19}$/.test(trimmed)) return undefined;
      const number = BigInt(trimmed.replace('+', ''));
      const limit = WHOLE_LIMITS[type] ?? 0n;
      return number >= -limit && number < limit ? String(number) : undefined;
    }
    case 'number':
      return canonicalNumber(type, trimmed);
    case 'text':
      return text.includes('\0') ? undefined : text;
    case 'boolean':
      return trimmed === 'true' || trimmed === 'false' ? trimmed : undefined;
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(trimmed) ? trimmed : undefined;
    case 'time':
      return canonicalTime(trimmed);
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(trimmed) && canonicalTime(trimmed) ? trimmed : undefined;
    case 'inet':
      return isNetwork(trimmed) ? trimmed : undefined;
    case 'json':
      return isJson(trimmed) ? trimmed : undefined;
    default:
      return undefined;
  }
}

function canonicalNumber(type: string, text: string): string | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i.test(text)) return undefined;
  // The database refuses numbers that are too large or too small for the type instead of rounding them.
  const number = type === 'real' ? Math.fround(Number(text)) : Number(text);
  if (!Number.isFinite(number)) return undefined;
  return type === 'numeric' ? text : String(number);
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    // JSON allows the character NUL, jsonb does not.
    return !/\\u0000/.test(text);
  } catch {
    return false;
  }
}
