// Reads InfluxDB's line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
// with the additions of QuestDB: https://questdb.com/docs/ingestion/ilp/overview/
// A line break ends a point, but not in the text of a field or after a backslash, so the body is read from its start and never split at line breaks.
import { decimalNumber, exactNumber } from '../../../db/core/exact-json';
import { EARLIEST, floorDivide, LATEST, timeText } from '../../http/time';
import type { FieldValue, Point, SentPoint } from './point';
import { usualPoints } from './usual-points';

/** The units of timestamps, with their length in nanoseconds. Minutes and hours are those of InfluxDB 1. */
const NANOSECONDS = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
export type Precision = keyof typeof NANOSECONDS;
export const PRECISIONS = Object.keys(NANOSECONDS) as readonly Precision[];

/** The points of a body. Blank lines and comments are skipped. A faulty point never hides the points after it. */
export function* lineProtocolPoints(text: string, precision: Precision): Generator<SentPoint> {
  const scanner: Scanner = { text, at: 0, section: 'name' };
  const usual = usualPoints(text, precision);
  let line = 1;
  while (scanner.at < text.length) {
    const start = scanner.at;
    const simple = usual.read(start);
    if (simple !== undefined) {
      scanner.at = usual.end;
      yield { line, source: text.slice(start, usual.end), point: simple };
      if (peek(scanner) === '\r') scanner.at += 1;
      scanner.at += 1;
      line += 1;
      continue;
    }
    skip(scanner, BLANK);
    const isPoint = !isAtLineEnd(scanner) && peek(scanner) !== '#';
    scanner.section = isPoint ? 'name' : 'comment';
    const point = isPoint ? readPoint(scanner, precision) : undefined;
    if (typeof point !== 'object') skipToEnd(scanner);
    const source = text.slice(start, scanner.at);
    skip(scanner, LINE_BREAK);
    if (point !== undefined)
      yield typeof point === 'string' ? { line, source, reason: point } : { line, source, point };
    line += lineBreaks(text, start, scanner.at);
  }
}

interface Scanner {
  readonly text: string;
  at: number;
  /** What is being read. Nothing in a comment has a meaning. */
  section: 'name' | 'fields' | 'time' | 'comment';
}

const BLANK = /[ \t]*/y;
const SPACES = / */y;
const LINE_BREAK = /\r?\n?/y;

/** Reads a point up to its line break; a text says why it is not valid. */
function readPoint(scanner: Scanner, precision: Precision): Point | string {
  const name = scan(scanner, ', ', ', ');
  if (name === '') return 'a line must begin with the measurement';
  const tags: (readonly [string, string])[] = [];
  while (peek(scanner) === ',') {
    scanner.at += 1;
    const key = scan(scanner, ',= ', ',= ');
    if (key === '' || peek(scanner) !== '=') return `a tag must have the form key=value, ${place(scanner)}`;
    scanner.at += 1;
    const value = scan(scanner, ',= ', ',= ');
    if (value === '' || peek(scanner) === '=')
      return `tag ${key} has no valid value; leave an empty tag out and escape "=", "," and " " with a backslash`;
    tags.push([key, value]);
  }
  skip(scanner, SPACES);
  if (isAtLineEnd(scanner)) return 'a line needs at least one field after the tags and a space';
  scanner.section = 'fields';
  const fields: (readonly [string, FieldValue])[] = [];
  do {
    if (fields.length > 0) scanner.at += 1;
    const key = scan(scanner, ',= ', ',= ');
    if (key === '' || peek(scanner) !== '=') return `a field must have the form key=value, ${place(scanner)}`;
    scanner.at += 1;
    const from = scanner.at;
    const isText = peek(scanner) === '"';
    const value = isText ? quoted(scanner) : bare(scanner);
    if (value === undefined) {
      if (!isText) scanner.at = from;
      return `field ${key} has no valid value; write 1.5, 3i, 3u, true, false or "text"${isText ? ', and close the quotes of a text' : ''}`;
    }
    fields.push([key, value.is]);
  } while (peek(scanner) === ',');
  if (!isAtLineEnd(scanner) && peek(scanner) !== ' ') return TIME_RULE;
  scanner.section = 'time';
  skip(scanner, SPACES);
  const from = scanner.at;
  const timestamp = restOfLine(scanner).trimEnd();
  if (timestamp === '') return { name, tags, fields };
  const [, digits = '', suffix = ''] = /^(-?\d{1,19})([tn]?)$/.exec(timestamp) ?? [];
  if (digits === '') {
    scanner.at = from;
    return TIME_RULE;
  }
  const unit = SUFFIXES[suffix] ?? precision;
  const time = epochTime(digits, unit);
  return time === undefined
    ? `the time ${timestamp} is out of range; is it in ${unit}? (query parameter precision)`
    : { name, tags, fields, time };
}

function restOfLine(scanner: Scanner): string {
  const from = scanner.at;
  while (!isAtLineEnd(scanner)) scanner.at += 1;
  return scanner.text.slice(from, scanner.at);
}

const TIME_RULE = 'after the fields only a space and the time, a whole number, may follow';

/** QuestDB marks times with their unit. */
const SUFFIXES: Readonly<Record<string, Precision>> = { t: 'us', n: 'ns' };

const WHOLE = /^-?\d{1,19}$/;

/**
 * `1556813561098000001` ns → `2019-05-02T16:12:41.098Z`: cut to microseconds, which is what the database keeps.
 * @returns undefined when the text is no whole number, or no time of the calendar.
 */
export function epochTime(timestamp: string, precision: Precision): string | undefined {
  if (!WHOLE.test(timestamp)) return undefined;
  const at = floorDivide(BigInt(timestamp) * NANOSECONDS[precision], 1_000n);
  return at < EARLIEST || at > LATEST ? undefined : timeText(at);
}

/**
 * Goes to the line break that ends a faulty point or a comment. Whatever is wrong with a point, a text in it never begins another
 * one, also not the text of a field behind a space that is not escaped.
 */
function skipToEnd(scanner: Scanner): void {
  if (scanner.section === 'name') {
    scan(scanner, ' ', ', =');
    if (peek(scanner) === ' ') scanner.section = 'fields';
  }
  while (!isAtLineEnd(scanner)) {
    if (scanner.section !== 'comment' && peek(scanner) === '"' && peek(scanner, -1) === '=') {
      if (quoted(scanner) === undefined) return;
    } else scanner.at += scanner.section === 'fields' && isEscape(scanner, ',= ') ? 2 : 1;
  }
}

/** Whether a backslash is next that gives the character after it no meaning. */
function isEscape(scanner: Scanner, escapable: string): boolean {
  const next = peek(scanner, 1);
  return peek(scanner) === '\\' && next !== '' && (escapable + LINE_BREAKS).includes(next);
}

const peek = ({ text, at }: Scanner, ahead = 0): string => text.charAt(at + ahead);

const isAtLineEnd = (scanner: Scanner): boolean => {
  const next = peek(scanner);
  return next === '' || next === '\n' || (next === '\r' && (peek(scanner, 1) || '\n') === '\n');
};

function skip(scanner: Scanner, pattern: RegExp): void {
  pattern.lastIndex = scanner.at;
  pattern.exec(scanner.text);
  scanner.at = Math.max(scanner.at, pattern.lastIndex);
}

const place = ({ text, at }: Scanner): string =>
  `at character ${at - (at === 0 ? -1 : text.lastIndexOf('\n', at - 1))} of its line`;

/** A backslash makes a line break a part of the name or text, as clients of QuestDB write it. */
const LINE_BREAKS = '\r\n';

/** Reads up to the end of the line or an unescaped character of `stops`; a backslash escapes only `escapable` characters. */
function scan(scanner: Scanner, stops: string, escapable: string): string {
  const { text } = scanner;
  let result = '';
  let from = scanner.at;
  for (; !isAtLineEnd(scanner) && !stops.includes(peek(scanner)); scanner.at += 1) {
    if (!isEscape(scanner, escapable)) continue;
    result += text.slice(from, scanner.at);
    scanner.at += 1;
    from = scanner.at;
  }
  return result + text.slice(from, scanner.at);
}

/** Reads a text in quotes, which may contain line breaks. */
function quoted(scanner: Scanner): { readonly is: string } | undefined {
  const { text } = scanner;
  let is = '';
  let from = scanner.at + 1;
  for (scanner.at = from; scanner.at < text.length; scanner.at += 1) {
    if (peek(scanner) === '"') {
      is += text.slice(from, scanner.at);
      scanner.at += 1;
      return { is };
    }
    if (!isEscape(scanner, '"\\')) continue;
    is += text.slice(from, scanner.at);
    scanner.at += 1;
    from = scanner.at;
  }
  return undefined;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

function bare(scanner: Scanner): { readonly is: FieldValue } | undefined {
  const text = scan(scanner, ', ', '');
  const decimal = decimalNumber(text);
  if (decimal !== undefined) return { is: decimal };
  if (/^[+-]?\d{1,20}i$/.test(text)) return whole(text, -(2n ** 63n), 2n ** 63n - 1n);
  if (/^\d{1,20}u$/.test(text)) return whole(text, 0n, 2n ** 64n - 1n);
  const [, digits = '', suffix = ''] = /^(-?\d{1,19})([tn])$/.exec(text) ?? [];
  if (digits !== '') return { is: epochTime(digits, SUFFIXES[suffix] ?? 'us') ?? text };
  const is = BOOLEANS.get(text);
  return is === undefined ? undefined : { is };
}

function whole(text: string, min: bigint, max: bigint): { readonly is: FieldValue } | undefined {
  const value = BigInt(text.slice(0, -1).replace('+', ''));
  return value < min || value > max ? undefined : { is: exactNumber(String(value)) };
}

function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
