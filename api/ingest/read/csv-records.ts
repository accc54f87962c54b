// Finds the records of CSV (RFC 4180) in a text.

/** A record: its fields, null for one that is empty and not in quotes. */
export interface CsvRecord {
  readonly fields: readonly (string | null)[];
  /** 1-based: the line on which it ends. */
  readonly lastLine: number;
}

/** Why a text is not CSV. */
export class CsvFault extends Error {}

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const NUL = 0;

/**
 * The records of a body. The first line break outside of quotes says how all records end: with LF, CRLF or CR. Empty lines are
 * skipped. A quote opens a field only at the field's start; inside quotes, two quotes stand for one.
 * @throws CsvFault
 */
export function* csvRecords(body: string, delimiter: string): Generator<CsvRecord> {
  const separator = delimiter.charCodeAt(0);
  const { length } = body;
  /** The character that ends a record, and how many characters its line break has; 0 = not known yet. */
  let last = 0;
  let breakLength = 0;
  /** Number of the current line: every LF or CR before it counts, and CRLF at the end of a record as one. */
  let line = 1;
  let at = 0;
  let fields: (string | null)[] = [];
  let count = 0;

  const isEnd = (code: number): boolean => {
    if (!isBreak(code)) return false;
    if (breakLength === 0) {
      last = code;
      breakLength = code === CR && body.charCodeAt(at + 1) === LF ? 2 : 1;
    }
    return code === last && (breakLength === 1 || body.charCodeAt(at + 1) === LF);
  };

  while (at < length) {
    let value: string | null = null;
    let code = body.charCodeAt(at);
    if (code === QUOTE) {
      value = quoted();
      code = body.charCodeAt(at);
    }
    const from = at;
    while (at < length && code !== separator && (code > QUOTE || !isEnd(code))) {
      if (code === QUOTE)
        throw new CsvFault(
          `Invalid Opening Quote: a quote is found on field ${count} at line ${line}, value is ${JSON.stringify((value ?? '') + body.slice(from, at))}`,
        );
      if (isBreak(code)) line += 1;
      at += 1;
      code = body.charCodeAt(at);
    }
    if (value === null && at > from) value = body.slice(from, at);
    else if (at > from) value += body.slice(from, at);
    const isRecordEnd = at >= length || code !== separator;
    if (!isRecordEnd) {
      fields[count] = value;
      count += 1;
      at += 1;
      // A delimiter at the end of the body has an empty field behind it.
      if (at === length) yield { fields: [...fields.slice(0, count), null], lastLine: line };
      continue;
    }
    if (value !== null || count > 0) {
      fields[count] = value;
      count += 1;
      fields.length = count;
      // The line after a line break that ends the body does not count.
      const isBreakLast = at >= length && at > from && isBreak(body.charCodeAt(length - 1));
      yield { fields, lastLine: isBreakLast ? line - 1 : line };
      // Records mostly have as many fields as the one before, and an array that grows takes more memory than it needs.
      fields = new Array<string | null>(count);
      count = 0;
    }
    at += breakLength;
    line += 1;
  }

  function quoted(): string {
    let text = '';
    let from = at + 1;
    for (at = from; ; at += 1) {
      const code = body.charCodeAt(at);
      if (at >= length) {
        const open = isBreak(body.charCodeAt(length - 1)) ? line - 1 : line;
        throw new CsvFault(`Quote Not Closed: the parsing is finished with an opening quote at line ${open}`);
      }
      if (isBreak(code)) line += 1;
      if (code !== QUOTE) continue;
      text += body.slice(from, at);
      at += 1;
      const next = body.charCodeAt(at);
      if (next !== QUOTE) {
        if (at >= length || next === NUL || next === separator || isEnd(next)) return text;
        // Named by its first byte.
        const [byte = 0] = Buffer.from(body.slice(at, at + 2));
        throw new CsvFault(
          `Invalid Closing Quote: got "${String.fromCharCode(byte)}" at line ${line} instead of delimiter, record delimiter, trimable character (if activated) or comment`,
        );
      }
      from = at;
    }
  }
}

const isBreak = (code: number): boolean => code === LF || code === CR;
