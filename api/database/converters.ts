// Turns values of JSON into COPY texts, one converter per declared column type, at least as strict as the server is.
import { isIPv4, isIPv6 } from 'node:net';
import { messageOf } from '../../db/core/errors';
import { decimalNumber, ExactNumber, parseJson, writeJson } from '../../db/core/exact-json';
import { faultOfNumber, faultOfNumberText } from '../../db/core/number-limits';
import { canonicalTime } from '../http/time';

/** The text that PostgreSQL reads as the value, or why there is none. */
export type Converted = string | { readonly reason: string };

/** Converts a value that is not null. */
export type Converter = (value: unknown) => Converted;

/**
 * The converter of a column type as `format_type()` prints it.
 * @throws Error for a type that the schema language does not have.
 */
export function converterOf(type: string): Converter {
  const varchar = /^character varying\((\d+)\)$/.exec(type);
  const converter = varchar ? textUpTo(Number(varchar[1])) : CONVERTERS.get(type);
  if (!converter) throw new Error(`values for columns of type ${type} cannot be read`);
  return converter;
}

/** Whether a column type holds numbers. */
export const isNumeric = (type: string): boolean => NUMERIC.has(type);

/**
 * Reads a value that was written as bare text, such as a tag of the line protocol or a part of an address: numbers and booleans
 * are converted, anything else stays text.
 */
export function bareValue(type: string, text: string): unknown {
  if (type === 'bigint' || type === 'numeric') return text;
  if (isNumeric(type)) return DECIMAL.test(text) ? (decimalNumber(text) ?? text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

const NUMERIC: ReadonlySet<string> = new Set([
  'double precision',
  'real',
  'numeric',
  'smallint',
  'integer',
  'bigint',
]);

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// In unicode mode a pair of surrogates is one character, so this finds only unpaired ones.
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;
const LARGEST_BIGINT = 2n ** 63n;
const DEEPEST_JSON = 500;

const CONVERTERS: ReadonlyMap<string, Converter> = new Map<string, Converter>([
  ['timestamp with time zone', time],
  ['date', date],
  ['text', text],
  ['smallint', wholeNumber(-32_768, 32_767)],
  ['integer', wholeNumber(-2_147_483_648, 2_147_483_647)],
  ['bigint', bigint],
  ['double precision', float('double precision')],
  ['real', float('real')],
  ['numeric', numeric],
  ['boolean', (value) => (typeof value === 'boolean' ? String(value) : no('must be true or false', value))],
  ['uuid', (value) => (typeof value === 'string' && UUID.test(value) ? value : no('must be a UUID', value))],
  ['inet', inet],
  ['point', point],
  ['jsonb', jsonb],
]);

function time(value: unknown): Converted {
  const canonical = typeof value === 'string' ? canonicalTime(value) : undefined;
  return canonical ?? no('must be a time as in RFC 3339, for example "2026-11-20T12:00:00Z"', value);
}

function date(value: unknown): Converted {
  const isDate =
    typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && canonicalTime(value) !== undefined;
  return isDate ? value : no('must be a date, for example "2026-11-20"', value);
}

function text(value: unknown): Converted {
  if (typeof value !== 'string') return no('must be text', value);
  return faultOfText(value) ?? value;
}

function faultOfText(value: string): { readonly reason: string } | undefined {
  if (value.includes('\0')) return { reason: 'contains the character NUL, which PostgreSQL cannot store' };
  if (LONE_SURROGATE.test(value)) return { reason: 'contains half a character (an unpaired surrogate)' };
  return undefined;
}

function textUpTo(length: number): Converter {
  return (value) => {
    const converted = text(value);
    // PostgreSQL counts code points. A text has at most as many of them as UTF-16 units.
    if (typeof converted === 'string' && converted.length > length && [...converted].length > length)
      return { reason: `is longer than ${length} characters` };
    return converted;
  };
}

function wholeNumber(min: number, max: number): Converter {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? String(value)
      : no(`must be a whole number from ${min} to ${max}`, value);
}

// Whoever makes the value in JavaScript has already rounded a number beyond 2^53; a number of a JSON text is still exact.
function bigint(value: unknown): Converted {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  const text = value instanceof ExactNumber ? value.value : value;
  if (typeof text === 'string' && /^-?\d{1,19}$/.test(text)) {
    const whole = BigInt(text);
    if (whole >= -LARGEST_BIGINT && whole < LARGEST_BIGINT) return text;
  }
  return no('must be a 64-bit whole number; beyond 2^53 write it as text', value);
}

function float(type: 'double precision' | 'real'): Converter {
  return (value) => {
    if (typeof value === 'number')
      return refusedOr(faultOfNumber(type, value), Object.is(value, -0) ? '-0' : String(value));
    if (value instanceof ExactNumber)
      return refusedOr(faultOfNumberText(type, value.value), String(Number(value.value)));
    // The line protocol has whole numbers beyond 2^53 as text.
    const fault =
      typeof value === 'string' && /^-?\d{16,20}$/.test(value) ? faultOfNumberText(type, value) : undefined;
    return fault === undefined ? no('must be a finite number', value) : { reason: fault };
  };
}

function numeric(value: unknown): Converted {
  if (typeof value === 'number') return refusedOr(faultOfNumber('numeric', value), String(value));
  const text = value instanceof ExactNumber ? value.value : value;
  if (typeof text === 'string' && DECIMAL.test(text))
    return refusedOr(faultOfNumberText('numeric', text), text);
  return no('must be a decimal number, or a text of one', value);
}

const refusedOr = (reason: string | undefined, text: string): Converted =>
  reason === undefined ? text : { reason };

function inet(value: unknown): Converted {
  const [address = '', prefix, ...rest] = typeof value === 'string' ? value.split('/') : [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  return bits > 0 && fits && rest.length === 0 ? (value as string) : no('must be an IP address', value);
}

function point(value: unknown): Converted {
  const [x, y] = Array.isArray(value) && value.length === 2 ? value : [];
  return Number.isFinite(x) && Number.isFinite(y)
    ? `(${x},${y})`
    : no('must be a point: [x, y] with two finite numbers', value);
}

function jsonb(value: unknown): Converted {
  return faultOfJson(value, 0) ?? writeJson(value);
}

/** Why a jsonb column does not take a JSON text; undefined when it does. The server itself would keep the last of two values for one key. */
export function faultOfJsonText(text: string): string | undefined {
  try {
    return faultOfJson(parseJson(text), 0)?.reason;
  } catch (error) {
    return `is not JSON: ${messageOf(error).slice(0, 200)}`;
  }
}

function faultOfJson(value: unknown, depth: number): { readonly reason: string } | undefined {
  if (depth > DEEPEST_JSON) return { reason: `is nested deeper than ${DEEPEST_JSON} levels` };
  if (typeof value === 'string') return faultOfText(value);
  // Readers of the JSON would take a number that is too large for infinite.
  if (typeof value === 'number' || value instanceof ExactNumber)
    return Number.isFinite(Number(String(value)))
      ? undefined
      : { reason: 'contains a number that is too large' };
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const fault = faultOfText(key) ?? faultOfJson(member, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

const no = (rule: string, value: unknown): { readonly reason: string } => ({
  reason: `${rule}, got ${shown(value)}`,
});

const LONGEST_SHOWN = 60;

/** A value as messages quote it: shortened JSON without unpaired surrogates. */
export function shown(value: unknown): string {
  if (value instanceof ExactNumber) return value.value.slice(0, LONGEST_SHOWN);
  // Writing a deeply nested value would overflow the stack, so only its kind is shown.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const json = typeof value === 'string' ? JSON.stringify(value.slice(0, LONGEST_SHOWN)) : String(value);
  return typeof value === 'string' && value.length > LONGEST_SHOWN ? `${json}…` : json;
}
