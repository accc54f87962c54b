// Finds the records and fields of CSV (RFC 4180) in bytes, without making texts of them: that is what makes an import fast.
const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/** Where a scan stands when there is no whole record left. */
export const INCOMPLETE = -1;

/**
 * Reads one record after the other. A quote opens a field only at its start; inside, two quotes are one. Records end with
 * LF or CRLF outside of quotes. What breaks these rules is a fault of its record, and the next line is read as usual.
 */
export class CsvScanner {
  /** Fields of the last record: bytes from `starts[n]` to `ends[n]`, without the quotes around them. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly quoted: boolean[] = [];
  fields = 0;
  /** End of the last record, without its line break. */
  end = 0;
  /** Line breaks in the last record, the one after it included. */
  lines = 0;
  /** How the last record ended. */
  lineBreak: '\n' | '\r\n' | '' = '';
  /** Why the last record is no CSV. */
  fault: string | undefined;
  /** The bytes end inside quotes; said when `atEnd` and the result is INCOMPLETE. */
  openQuote = false;

  readonly #delimiter: number;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /**
   * Reads the record that starts at `from`.
   * @param atEnd nothing follows the bytes, so that the last record needs no line break.
   * @returns where the next record starts, or INCOMPLETE.
   */
  next(bytes: Buffer, from: number, atEnd: boolean): number {
    const delimiter = this.#delimiter;
    const length = bytes.length;
    this.fields = 0;
    this.lines = 0;
    this.fault = undefined;
    this.openQuote = false;
    let at = from;
    for (;;) {
      let start = at;
      let quoted = false;
      let close = -1;
      if (at < length && bytes[at] === QUOTE) {
        quoted = true;
        start = at + 1;
        at = start;
        for (;;) {
          const quote = bytes.indexOf(QUOTE, at);
          if (quote === -1 || (quote + 1 === length && !atEnd)) {
            this.openQuote = quote === -1;
            return INCOMPLETE;
          }
          at = quote + 1;
          if (at < length && bytes[at] === QUOTE) at += 1;
          else break;
        }
        close = at - 1;
        this.lines += countLines(bytes, start, close);
        if (at < length) {
          const after = bytes[at];
          const breaks = after === LF || (after === CR && (at + 1 < length ? bytes[at + 1] === LF : !atEnd));
          if (after !== delimiter && !breaks) this.fault ??= 'there is text after a closing quote';
        }
      }
      let byte = 0;
      while (at < length) {
        byte = bytes[at] as number;
        if (byte === delimiter || byte === LF) break;
        if (byte === QUOTE && !quoted) this.fault ??= 'there is a quote inside a field that is not quoted';
        at += 1;
      }
      const ended = at === length;
      if (ended && !atEnd) return INCOMPLETE;
      const last = ended || byte === LF;
      const carriage =
        last &&
        !ended &&
        at > start &&
        at > from &&
        bytes[at - 1] === CR &&
        at - 1 >= (quoted ? close + 1 : start);
      const end = carriage ? at - 1 : at;
      this.starts[this.fields] = start;
      this.ends[this.fields] = quoted ? close : end;
      this.quoted[this.fields] = quoted;
      this.fields += 1;
      if (!last) {
        at += 1;
        continue;
      }
      this.end = end;
      this.lineBreak = ended ? '' : carriage ? '\r\n' : '\n';
      if (!ended) this.lines += 1;
      return ended ? length : at + 1;
    }
  }

  /** The last record is an empty line. */
  get blank(): boolean {
    return this.fields === 1 && !this.quoted[0] && this.starts[0] === this.ends[0];
  }

  /** Text of a field; null for one that is empty and not quoted. */
  text(bytes: Buffer, field: number): string | null {
    const start = this.starts[field] as number;
    const end = this.ends[field] as number;
    if (!this.quoted[field]) return start === end ? null : bytes.toString('utf8', start, end);
    const text = bytes.toString('utf8', start, end);
    return text.includes('"') ? text.replaceAll('""', '"') : text;
  }
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF, from); at !== -1 && at < to; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
