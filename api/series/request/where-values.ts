// Reads the values of a condition, in quotes or without, and the place in its text.
import { ProblemError } from '../../http/problems';

/** A value as it was written; only a value in quotes is certainly meant as it stands. */
export interface Written {
  readonly text: string;
  readonly quoted: boolean;
}

/** Says what a condition may be. */
export const FILTER_RULE =
  'column=value, or with !=, <, <=, > or >=; column in ["a","b"]; column is null, or is not null; for a JSON column: column @> {"key":"value"}. Join conditions with and, or and brackets; and binds more strongly. Write a text that contains blanks at its ends, quotes, unmatched brackets or the words and and or between single quotes, with each single quote doubled';

const MOST_VALUES = 1_000;

/** A place in the text. */
export class Reader {
  at = 0;

  constructor(readonly text: string) {}

  /** What the sticky pattern matches here; the place moves behind it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text) ?? undefined;
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  skipBlanks(): void {
    this.take(/\s*/y);
  }

  atEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length;
  }

  rest(): string {
    return this.text.slice(this.at);
  }

  fault(what: string): ProblemError {
    return new ProblemError(
      'bad-filter',
      `where is ${JSON.stringify(this.text.slice(0, 80))} and ${what}; write ${FILTER_RULE}`,
    );
  }
}

/** The value that begins here. */
export function writtenOf(reader: Reader, depth: number, isJson: boolean): Written {
  reader.skipBlanks();
  const quoted = quotedOf(reader, isJson);
  if (quoted === undefined) return bareOf(reader, depth);
  if (!/^\s*$|^\s*\)|^\s+(and|or)(?=[\s(]|$)/i.test(reader.rest()))
    throw reader.fault('goes on after the closing quote of a value');
  return quoted;
}

/** A value that says itself where it ends: in single quotes, in double quotes as a JSON string, or as JSON. */
function quotedOf(reader: Reader, isJson: boolean): Written | undefined {
  const first = reader.text[reader.at];
  if (first === "'") {
    const text = reader.take(/'((?:[^']|'')*)'/y)?.[1];
    if (text === undefined)
      throw reader.fault('lacks a closing single quote; a single quote in a text is doubled');
    return { text: text.replaceAll("''", "'"), quoted: true };
  }
  if (isJson && first !== undefined && '{["'.includes(first)) return { text: jsonOf(reader), quoted: true };
  if (first !== '"') return undefined;
  const value = parsed(jsonOf(reader));
  if (typeof value !== 'string')
    throw reader.fault(
      'has a value in double quotes that is not a JSON string; use single quotes, with each single quote doubled',
    );
  return { text: value, quoted: true };
}

/** A value without quotes: up to `and`, `or` or the bracket that closes the group. */
function bareOf(reader: Reader, depth: number): Written {
  const rest = reader.rest();
  const joint = rest.search(/\s(?:and|or)(?=[\s(]|$)/i);
  const most = joint === -1 ? rest : rest.slice(0, joint);
  const { end, isOpen } = balanced(most);
  if (isOpen || (end < most.length && depth === 0))
    throw reader.fault('has a value with an unmatched bracket, which must be written in quotes');
  reader.at += end;
  return { text: most.slice(0, end).trim(), quoted: false };
}

/** Where the brackets of the text end to match, and whether one is left open. */
function balanced(text: string): { readonly end: number; readonly isOpen: boolean } {
  let open = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') open += 1;
    else if (text[at] === ')') {
      if (open === 0) return { end: at, isOpen: false };
      open -= 1;
    }
  }
  return { end: text.length, isOpen: open > 0 };
}

/** The list that begins here: a JSON array, or one as in SQL. */
export function listOf(reader: Reader, column: string): readonly Written[] {
  reader.skipBlanks();
  const values = reader.text[reader.at] === '(' ? wordsOf(reader) : jsonList(reader);
  if (values === undefined || values.length === 0 || values.length > MOST_VALUES)
    throw new ProblemError(
      'bad-filter',
      `in takes a JSON array of 1 to ${MOST_VALUES} texts, numbers or booleans, for example ${column} in ["a","b"]`,
    );
  return values;
}

function jsonList(reader: Reader): readonly Written[] | undefined {
  const list = reader.text[reader.at] === '[' ? parsed(jsonOf(reader)) : undefined;
  if (!Array.isArray(list) || !list.every(isScalar)) return undefined;
  // A number in a list is written as clearly as one in quotes.
  return list.map((value) => ({ text: String(value), quoted: true }));
}

/** A list as in SQL: `('a','b')`. */
function wordsOf(reader: Reader): readonly Written[] {
  const values: Written[] = [];
  do {
    reader.at += 1;
    reader.skipBlanks();
    const word = quotedOf(reader, false);
    values.push(word ?? { text: reader.take(/[^,()'"]*/y)?.[0].trim() ?? '', quoted: false });
    reader.skipBlanks();
  } while (reader.text[reader.at] === ',');
  if (reader.text[reader.at] !== ')') throw reader.fault('has a list that does not end');
  reader.at += 1;
  return values;
}

/** The JSON value that begins here, as text: up to the bracket or quote that closes it. */
function jsonOf(reader: Reader): string {
  const start = reader.at;
  let open = 0;
  let inText = false;
  for (let at = start; at < reader.text.length; at += 1) {
    const character = reader.text[at] ?? '';
    if (inText && character === '\\') at += 1;
    else if (character === '"') inText = !inText;
    else if (!inText && '{['.includes(character)) open += 1;
    else if (!inText && '}]'.includes(character)) open -= 1;
    if (open === 0 && !inText) {
      reader.at = at + 1;
      return reader.text.slice(start, at + 1);
    }
  }
  throw reader.fault('has JSON, or a value in double quotes, that does not end');
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value === 'string' || typeof value === 'boolean';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
