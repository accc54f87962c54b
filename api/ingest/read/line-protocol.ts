// Reads a line of InfluxDB's line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
import { type ExactNumber, exactNumber } from '../../../db/core/exact-json';

/** A field's value. Whole numbers beyond 2^53 are texts of digits, because JavaScript would round them. */
export type FieldValue = number | ExactNumber | string | boolean;

/** The content of a line. */
export interface Point {
  readonly measurement: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly fields: readonly (readonly [key: string, value: FieldValue])[];
  /** Digits, in the unit of the request; absent = the time of receipt. */
  readonly timestamp?: string;
}

/** Whether a line is blank or a comment. */
export const isSkipped = (line: string): boolean => /^\s*(?:#|$)/.test(line);

/** Reads a line without its line break; a text says why the line is not valid. */
export function parseLine(line: string): Point | string {
  const scanner: Scanner = { line, at: line.length - line.trimStart().length };
  const measurement = scan(scanner, ', ', ', ');
  if (measurement === '') return 'a line must begin with the measurement';
  const tags: (readonly [string, string])[] = [];
  while (peek(scanner) === ',') {
    scanner.at += 1;
    const key = scan(scanner, ',= ', ',= ');
    if (key === '' || peek(scanner) !== '=')
      return `a tag must have the form key=value, at character ${scanner.at + 1}`;
    scanner.at += 1;
    const value = scan(scanner, ',= ', ',= ');
    if (value === '' || peek(scanner) === '=')
      return `tag ${key} has no valid value; leave an empty tag out and escape "=", "," and " " with a backslash`;
    tags.push([key, value]);
  }
  if (!skipSpaces(scanner)) return 'a line needs at least one field after the tags and a space';
  const fields: (readonly [string, FieldValue])[] = [];
  do {
    if (fields.length > 0) scanner.at += 1;
    const key = scan(scanner, ',= ', ',= ');
    if (key === '' || peek(scanner) !== '=')
      return `a field must have the form key=value, at character ${scanner.at + 1}`;
    scanner.at += 1;
    const value = peek(scanner) === '"' ? quoted(scanner) : bare(scanner);
    if (value === undefined)
      return `field ${key} has no valid value; write 1.5, 3i, 3u, true, false or "text"`;
    fields.push([key, value.is]);
  } while (peek(scanner) === ',');
  const spaced = skipSpaces(scanner);
  const rest = line.slice(scanner.at).trimEnd();
  if (rest === '') return { measurement, tags, fields };
  if (!spaced || !/^-?\d{1,19}$/.test(rest))
    return 'after the fields only a space and the time, a whole number, may follow';
  return { measurement, tags, fields, timestamp: rest };
}

interface Scanner {
  readonly line: string;
  at: number;
}

const peek = ({ line, at }: Scanner): string => line.charAt(at);

/** Reads up to an unescaped character of `stops`; a backslash escapes only `escapable` characters. */
function scan(scanner: Scanner, stops: string, escapable: string): string {
  const { line } = scanner;
  let text = '';
  let from = scanner.at;
  let at = from;
  for (; at < line.length && !stops.includes(line.charAt(at)); at += 1) {
    if (line.charAt(at) !== '\\' || at + 1 >= line.length || !escapable.includes(line.charAt(at + 1)))
      continue;
    text += line.slice(from, at);
    from = at + 1;
    at += 1;
  }
  scanner.at = at;
  return text + line.slice(from, at);
}

function skipSpaces(scanner: Scanner): boolean {
  const from = scanner.at;
  while (peek(scanner) === ' ') scanner.at += 1;
  return scanner.at > from;
}

function quoted(scanner: Scanner): { readonly is: string } | undefined {
  scanner.at += 1;
  const is = scan(scanner, '"', '"\\');
  if (peek(scanner) !== '"') return undefined;
  scanner.at += 1;
  return { is };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

function bare(scanner: Scanner): { readonly is: FieldValue } | undefined {
  const text = scan(scanner, ', ', '');
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return { is: exactNumber(text) };
  if (/^[+-]?\d{1,20}i$/.test(text)) return whole(text, -(2n ** 63n), 2n ** 63n - 1n);
  if (/^\d{1,20}u$/.test(text)) return whole(text, 0n, 2n ** 64n - 1n);
  const is = BOOLEANS.get(text);
  return is === undefined ? undefined : { is };
}

function whole(text: string, min: bigint, max: bigint): { readonly is: FieldValue } | undefined {
  const value = BigInt(text.slice(0, -1).replace('+', ''));
  if (value < min || value > max) return undefined;
  const number = Number(value);
  return { is: Number.isSafeInteger(number) ? number : String(value) };
}
