// Reads and writes JSON without changing a number. JSON.parse turns every number into a double, which has about 16 digits.
import { LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * A number of a JSON text that a double would change, or a whole number beyond 2^53. `value` is its text. `writeJson` writes it
 * as that number; JSON.stringify writes it as text, because whoever reads that with JSON.parse would change it again.
 */
export class ExactNumber extends LosslessNumber {
  toJSON(): string {
    return this.value;
  }
}

/**
 * The value of a JSON text, as JSON.parse returns it, except that numbers which a double would change are `ExactNumber`.
 * @throws SyntaxError for a text that is not JSON, and for an object with two different values for the same key.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const { keys, isExact } = scan(text);
  return isExact && keys === keysIn(value) ? value : parseSlowly(text);
}

/** JSON text of a value that `parseJson` returned, with every number as it was written. */
export const writeJson = (value: unknown): string =>
  // Three times as slow as JSON.stringify, which does not know exact numbers.
  (isPlain(value) ? JSON.stringify(value) : stringify(value)) ?? 'null';

/** The number that a decimal text means, exactly. Besides the numbers of JSON, it may be written as `+1`, `1.` or `.5`. */
export function exactNumber(text: string): number | ExactNumber {
  const written = text
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=e|$)/i, '');
  return isKept(written) ? Number(written) : new ExactNumber(written);
}

/** The number of a decimal text that JSON may write in another way, such as `+1.`, `.5` or `007`; undefined when the text is none. */
export function decimalNumber(text: string): number | ExactNumber | undefined {
  const plain = plainNumber(text, 0, text.length);
  if (plain !== undefined) return plain;
  const match = /^([+-]?)0*(\d*)(?:\.(\d*))?((?:[eE][+-]?\d+)?)$/.exec(text);
  if (match === null || !/^[+-]?\.?\d/.test(text)) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = match;
  const digits = `${whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  return exactNumber(`${sign === '-' ? '-' : ''}${digits}${exponent}`);
}

const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, power) => 10 ** power);

/** The number of the digits in a part of a text, `21.5` or `-3`; undefined for more than 15 digits, and for everything else. */
export function plainNumber(text: string, from: number, to: number): number | undefined {
  const start = text.charCodeAt(from) === MINUS ? from + 1 : from;
  let digits = 0;
  let point = -1;
  for (let at = start; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) digits = digits * 10 + (code - ZERO);
    else if (code === POINT && point < 0 && at > start) point = at;
    else return undefined;
  }
  const decimals = point < 0 ? 0 : to - point - 1;
  const count = to - start - (point < 0 ? 0 : 1);
  if (count === 0 || count > MOST_DIGITS || (point >= 0 && decimals === 0)) return undefined;
  // Both are exact, so the quotient is the double that is nearest to the number.
  const value = digits / (POWERS[decimals] as number);
  return start === from ? value : -value;
}

// Several times as slow as JSON.parse, so it only reads the few texts that need it.
function parseSlowly(text: string): unknown {
  try {
    return parse(text, undefined, {
      parseNumber: exactNumber,
      onDuplicateKey: ({ key }) => {
        throw new SyntaxError(`the key ${JSON.stringify(key.slice(0, 60))} is given twice`);
      },
    });
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError('it is nested too deep');
    throw error;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Counts the keys of a valid JSON text, and finds out whether doubles keep all of its numbers. */
function scan(text: string): { readonly keys: number; readonly isExact: boolean } {
  const hasEscapes = text.includes('\\');
  let keys = 0;
  let isExact = true;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = (hasEscapes ? endOfText(text, at + 1) : text.indexOf('"', at + 1)) + 1;
      while (isSpace(text.charCodeAt(at))) at += 1;
      if (text.charCodeAt(at) === COLON) keys += 1;
    } else if (code === MINUS || isDigit(code)) {
      const start = at;
      let hasExponent = false;
      for (at += 1; isPartOfNumber(text.charCodeAt(at)); at += 1)
        hasExponent ||= isLetterE(text.charCodeAt(at));
      // A double keeps 15 digits.
      if (isExact && (hasExponent || at - start > 15)) isExact = isKept(text.slice(start, at));
    } else at += 1;
  }
  return { keys, isExact };
}

/** The place of the quote that ends a text. */
function endOfText(text: string, from: number): number {
  let at = from;
  for (let next = text.charCodeAt(at); next !== QUOTE && at < text.length; next = text.charCodeAt(at))
    at += next === BACKSLASH ? 2 : 1;
  return at;
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isLetterE = (code: number): boolean => code === 0x65 || code === 0x45;
// Digits, the point, signs and the letter of the exponent.
const isPartOfNumber = (code: number): boolean =>
  isDigit(code) || code === 0x2e || code === MINUS || code === 0x2b || isLetterE(code);

/** Whether a double keeps a number: it is written back as the same decimal number, and its text is no whole number beyond 2^53. */
function isKept(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value) || (/^-?\d+$/.test(text) && !Number.isSafeInteger(value))) return false;
  const written = String(value);
  return written === text || decimalOf(written) === decimalOf(text);
}

/** A decimal number in a form of its own: its digits without zeros around them, and the place of the last one. */
function decimalOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Whether a value contains only what JSON.stringify writes as it is; without recursion, as below. */
function isPlain(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'bigint') return false;
    if (typeof one !== 'object' || one === null) continue;
    if (Array.isArray(one)) for (const member of one) open.push(member);
    else if (Object.getPrototypeOf(one) !== Object.prototype) return false;
    else for (const key in one) open.push((one as Readonly<Record<string, unknown>>)[key]);
  }
  return true;
}

/** Counts the keys of all objects in a value; without recursion, because a body may be nested very deep. */
function keysIn(value: unknown): number {
  let keys = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null) continue;
    if (Array.isArray(one)) {
      for (const member of one) if (typeof member === 'object') open.push(member);
      continue;
    }
    for (const key in one) {
      keys += 1;
      const member = (one as Readonly<Record<string, unknown>>)[key];
      if (typeof member === 'object') open.push(member);
    }
  }
  return keys;
}
