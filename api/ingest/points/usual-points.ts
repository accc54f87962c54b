// Reads the lines of a body in the form in which programs mostly write them: nothing is escaped, and the values are numbers. Every
// other line is left to the full reader, which also says what is wrong with it.
import { plainNumber } from '../../../db/core/exact-json';
import { timeText } from '../../http/time';
import type { FieldValue, Point } from './point';

const COMMA = 0x2c;
const SPACE = 0x20;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const HASH = 0x23;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const LF = 0x0a;
const CR = 0x0d;
const LETTER_I = 0x69;

/** Microseconds in the units of timestamps; nanoseconds lose their last three digits. */
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1, ms: 1_000, s: 1_000_000 };

/** Reads points of one body. */
export interface UsualPoints {
  /** The point that begins at a place, up to the end of its line; undefined when the full reader must read it. */
  read(from: number): Point | undefined;
  /** Where the last point ended: at a line break, or at the end of the body. */
  readonly end: number;
}

/** Lines of a body mostly have the names and keys of the line before: then no text is made for them. */
export function usualPoints(text: string, precision: string): UsualPoints {
  const unit = UNITS[precision];
  let name = '';
  const tagKeys: string[] = [];
  const fieldKeys: string[] = [];
  // Used again for each point, because an array that grows takes more memory than it needs.
  const tags: (readonly [string, string])[] = [];
  const fields: (readonly [string, FieldValue])[] = [];
  const points = { read, end: 0 };
  return points;

  function read(from: number): Point | undefined {
    let at = from;
    if (name !== '' && text.startsWith(name, at) && isNameEnd(text.charCodeAt(at + name.length)))
      at += name.length;
    else {
      at = wordEnd(from, COMMA, SPACE);
      if (at <= from || text.charCodeAt(from) === HASH) return undefined;
      name = text.slice(from, at);
    }
    let tagCount = 0;
    let fieldCount = 0;
    while (text.charCodeAt(at) === COMMA) {
      const key = keyAt(tagKeys, tagCount, at + 1);
      if (key === undefined) return undefined;
      const value = at + key.length + 2;
      at = wordEnd(value, COMMA, SPACE);
      if (at <= value) return undefined;
      tags[tagCount] = [key, text.slice(value, at)];
      tagCount += 1;
    }
    if (text.charCodeAt(at) !== SPACE) return undefined;
    do {
      const key = keyAt(fieldKeys, fieldCount, at + 1);
      if (key === undefined) return undefined;
      const start = at + key.length + 2;
      at = numberEnd(start);
      let value = plainNumber(text, start, at);
      if (value === undefined) return undefined;
      if (text.charCodeAt(at) === LETTER_I) {
        if (text.slice(start, at).includes('.')) return undefined;
        // A whole number has no negative zero.
        value = value === 0 ? 0 : value;
        at += 1;
      }
      fields[fieldCount] = [key, value];
      fieldCount += 1;
    } while (text.charCodeAt(at) === COMMA);
    if (text.charCodeAt(at) !== SPACE) {
      if (!isLineEnd(at)) return undefined;
      points.end = at;
      return { name, tags: tags.slice(0, tagCount), fields: fields.slice(0, fieldCount) };
    }
    const digits = at + 1;
    at = numberEnd(digits);
    if (!isLineEnd(at)) return undefined;
    const time = timeAt(digits, at);
    if (time === undefined) return undefined;
    points.end = at;
    return { name, tags: tags.slice(0, tagCount), fields: fields.slice(0, fieldCount), time };
  }

  /** The key before an equals sign; the one that the line before had in this place, if it is the same. */
  function keyAt(keys: string[], place: number, from: number): string | undefined {
    const before = keys[place];
    if (
      before !== undefined &&
      text.startsWith(before, from) &&
      text.charCodeAt(from + before.length) === EQUALS
    )
      return before;
    const end = wordEnd(from, EQUALS, EQUALS);
    if (end <= from) return undefined;
    const key = text.slice(from, end);
    if (place < MOST_KEYS) keys[place] = key;
    return key;
  }

  /** Where a word ends, before one of two characters; -1 when it has a character that could mean something else. */
  function wordEnd(from: number, stop: number, other: number): number {
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === stop || code === other) return at;
      if (code <= SPACE || code === COMMA || code === EQUALS || code === QUOTE || code === BACKSLASH)
        return -1;
    }
    return -1;
  }

  function numberEnd(from: number): number {
    let at = from;
    for (let code = text.charCodeAt(at); isPartOfNumber(code); code = text.charCodeAt(at)) at += 1;
    return at;
  }

  function isLineEnd(at: number): boolean {
    const code = text.charCodeAt(at);
    return at >= text.length || code === LF || (code === CR && text.charCodeAt(at + 1) === LF);
  }

  function timeAt(from: number, to: number): string | undefined {
    const end = precision === 'ns' ? to - 3 : to;
    if (unit === undefined || to - from > 19 || end <= from || text.charCodeAt(from) === MINUS)
      return undefined;
    let value = 0;
    for (let at = from; at < to; at += 1) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) return undefined;
      if (at < end) value = value * 10 + digit;
    }
    const microseconds = value * unit;
    return microseconds < LATEST ? usualText(microseconds) : undefined;
  }
}

/** Keys that are remembered. */
const MOST_KEYS = 200;

/** Doubles count microseconds exactly up to the year 2255. */
const LATEST = 8.9e15;

const isNameEnd = (code: number): boolean => code === COMMA || code === SPACE;
const isPartOfNumber = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || code === POINT || code === MINUS;

let lastSecond = -1;
let lastText = '';

/** The canonical text of a time. Points often have the second of the point before. */
function usualText(microseconds: number): string {
  const second = Math.floor(microseconds / 1_000_000);
  const fraction = microseconds - second * 1_000_000;
  if (second !== lastSecond) {
    lastText = timeText(BigInt(second) * 1_000_000n);
    lastSecond = second;
  }
  return fraction === 0 ? lastText : timeText(BigInt(microseconds));
}
