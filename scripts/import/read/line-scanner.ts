// Finds the lines of NDJSON in bytes.
import { INCOMPLETE, type RecordScanner } from './record-scanner';

const LF = 0x0a;
const CR = 0x0d;

/** Reads one line after the other. A line of spaces and tabs is blank. */
export class LineScanner implements RecordScanner {
  blank = false;
  end = 0;
  lines = 0;
  lineBreak: '\n' | '' = '';
  readonly openQuote = false;

  next(bytes: Buffer, from: number, atEnd: boolean): number {
    const at = bytes.indexOf(LF, from);
    if (at === -1 && !atEnd) return INCOMPLETE;
    const stop = at === -1 ? bytes.length : at;
    this.end = stop > from && bytes[stop - 1] === CR ? stop - 1 : stop;
    this.lines = at === -1 ? 0 : 1;
    this.lineBreak = at === -1 ? '' : '\n';
    let first = from;
    while (first < this.end && isSpace(bytes[first] as number)) first += 1;
    this.blank = first === this.end;
    return at === -1 ? bytes.length : at + 1;
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === CR;
