// Finds the records and fields of CSV (RFC 4180) in bytes. It makes no texts of them, which is why an import is fast.
import { INCOMPLETE, type RecordScanner } from './record-scanner';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads one record after the other. A quote opens a field only at the field's start; inside quotes, two quotes stand for one.
 * A record ends with LF or CRLF outside of quotes. A record that breaks these rules has a fault, and the next line is read as usual.
 */
export class CsvScanner implements RecordScanner {
  /** Fields of the last record: bytes from `starts[n]` to `ends[n]`, without the quotes around them. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly quoted: boolean[] = [];
  fields = 0;
  end = 0;
  lines = 0;
  lineBreak: '\n' | '\r\n' | '' = '';
  openQuote = false;
  /** Why the last record is not valid CSV. */
  fault: string | undefined;

  readonly #delimiter: number;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

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
      const carriage = byte === LF && bytes[at - 1] === CR && at - 1 >= (quoted ? close + 1 : start);
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

  get blank(): boolean {
    return this.fields === 1 && !this.quoted[0] && this.starts[0] === this.ends[0];
  }

  /** The text of a field; null for a field that is empty and not quoted. */
  text(bytes: Buffer, field: number): string | null {
    const start = this.starts[field] as number;
    const end = this.ends[field] as number;
    if (!this.quoted[field]) return start === end ? null : bytes.toString('utf8', start, end);
    return bytes.toString('utf8', start, end).replaceAll('""', '"');
  }
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF, from); at !== -1 && at < to; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
