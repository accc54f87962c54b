// Values of rows as cells: numbers and times stay numbers until they are written. What is allowed is decided by the converters
// of the column types; only the most usual values are recognised here without them.
import { faultOfNumber } from '../../../db/core/number-limits';
import type { Cell } from '../../../db/server/copy-binary';
import { type Converter, converterOf } from '../../database/converters';
import { canonicalTime, instantOf, timeText } from '../../http/time';

/** Reads a value that is not null: a cell that is not null either, or why there is none. */
export type CellReader = (value: unknown) => string | number | { readonly reason: string };

/** The reader of a column type as `format_type()` prints it. */
export function cellReaderOf(type: string): CellReader {
  const convert = converterOf(type);
  if (type === TIME) return timeReader(convert);
  if (FLOATS.has(type)) return floatReader(type, convert);
  const range = RANGES.get(type);
  if (range !== undefined) return wholeReader(range, convert);
  if (type === 'text') return textReader(Number.POSITIVE_INFINITY, convert);
  const [, most] = /^character varying\((\d+)\)$/.exec(type) ?? [];
  return most === undefined ? convert : textReader(Number(most), convert);
}

/** The text of a cell, as the server reads it. */
export function cellText(type: string, cell: Cell | undefined): string | null {
  if (typeof cell !== 'number') return cell ?? null;
  if (type === TIME) return timeText(BigInt(cell));
  return Object.is(cell, -0) && FLOATS.has(type) ? '-0' : String(cell);
}

const TIME = 'timestamp with time zone';
const FLOATS: ReadonlySet<string> = new Set(['double precision', 'real']);
const RANGES: ReadonlyMap<string, number> = new Map([
  ['smallint', 2 ** 15],
  ['integer', 2 ** 31],
  ['bigint', 2 ** 53],
]);

function floatReader(type: string, convert: Converter): CellReader {
  return (value) => {
    if (typeof value === 'number' && faultOfNumber(type, value) === undefined) return value;
    const text = convert(value);
    return typeof text === 'string' ? Number(text) : text;
  };
}

function wholeReader(end: number, convert: Converter): CellReader {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value < end && value > -end
      ? value
      : convert(value);
}

/** Longer texts are left to the converter, which looks at them as a whole. */
const LONGEST_NAME = 64;

function textReader(most: number, convert: Converter): CellReader {
  const longest = Math.min(most, LONGEST_NAME);
  return (value) => {
    if (typeof value !== 'string' || value.length > longest) return convert(value);
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at);
      // NUL and surrogates.
      if (code === 0 || (code >= 0xd800 && code < 0xe000)) return convert(value);
    }
    return value;
  };
}

function timeReader(convert: Converter): CellReader {
  return (value) => {
    const usual = typeof value === 'string' ? usualTime(value) : undefined;
    if (usual !== undefined) return usual;
    const text = convert(value);
    if (typeof text !== 'string') return text;
    const at = Number(instantOf(text));
    return Number.isSafeInteger(at) ? at : text;
  };
}

const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

/** Rows mostly have the date of the row before. A longer part of a text could keep its whole body in memory. */
let lastDate = '';
let lastMidnight = 0;

/**
 * Microseconds since 1970 of a time as programs print it, `2026-11-20T12:00:00.5Z`; undefined for every other text, also for other
 * forms of a time.
 */
export function usualTime(text: string): number | undefined {
  const { length } = text;
  if (length < 20 || length > 30 || text.charCodeAt(length - 1) !== LETTER_Z) return undefined;
  if (text.charCodeAt(10) !== LETTER_T) return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // Comparisons with NaN are false.
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
  let fraction = 0;
  if (length > 20) {
    if (text.charCodeAt(19) !== POINT || length === 21) return undefined;
    let unit = 100_000;
    for (let at = 20; at < length - 1; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return undefined;
      // What is shorter than a microsecond is cut off.
      if (unit >= 1) fraction += digit * unit;
      unit = unit > 1 ? unit / 10 : 0;
    }
  }
  if (!text.startsWith(lastDate) || lastDate === '') {
    if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
    const date = canonicalTime(text.slice(0, 10));
    const midnight = date === undefined ? Number.NaN : Number(instantOf(date));
    if (!(midnight > FIRST_MIDNIGHT && midnight < LAST_MIDNIGHT)) return undefined;
    lastDate = text.slice(0, 10);
    lastMidnight = midnight;
  }
  return lastMidnight + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
}

// Doubles count microseconds exactly from the year 1685 to 2255.
const FIRST_MIDNIGHT = -8.9e15;
const LAST_MIDNIGHT = 8.9e15;

/** NaN where there are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
