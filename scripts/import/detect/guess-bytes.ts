// Guesses the encoding and the delimiter of a file from its first bytes. People see the guess before it is used.
import { isUtf8 } from 'node:buffer';
import type { Encoding } from '../options';
import { CsvScanner } from '../read/csv-scanner';
import { INCOMPLETE } from '../read/record-scanner';

const LF = 0x0a;

/** The encoding of bytes without a byte order mark. */
export function guessEncoding(head: Buffer): Encoding {
  const zeros = [0, 0] as [number, number];
  for (let at = 0; at < head.length; at += 1) if (head[at] === 0) zeros[at % 2 === 0 ? 0 : 1] += 1;
  // Of two bytes of UTF-16, the higher one is zero in nearly all texts of tables.
  const [even, odd] = zeros;
  if (even + odd > head.length / 5) return odd > even ? 'utf-16le' : 'utf-16be';
  // The last line may end within a character.
  const lines = head.subarray(0, head.lastIndexOf(LF) + 1);
  if (isUtf8(lines.length > 0 ? lines : head)) return 'utf-8';
  // Windows has no characters for these bytes.
  return [0x81, 0x8d, 0x8f, 0x90, 0x9d].some((byte) => head.includes(byte)) ? 'latin1' : 'windows-1252';
}

const DELIMITERS = [',', ';', '\t', '|'] as const;
const MOST_RECORDS = 200;

/** The delimiter that gives each record as many fields as the first one, the more the better; undefined when none does. */
export function guessDelimiter(head: Buffer): string | undefined {
  const found = DELIMITERS.map((delimiter) => ({ delimiter, fields: fieldsOf(head, delimiter) }));
  const [best] = found.filter(({ fields }) => fields > 1).sort((a, b) => b.fields - a.fields);
  return best?.delimiter;
}

/** Number of fields of a record; 0 when records differ in it. */
function fieldsOf(head: Buffer, delimiter: string): number {
  const scanner = new CsvScanner(delimiter);
  let [first, same, records] = [0, 0, 0];
  for (let at = 0; at < head.length && records < MOST_RECORDS; ) {
    const next = scanner.next(head, at, false);
    if (next === INCOMPLETE) break;
    at = next;
    if (scanner.blank) continue;
    records += 1;
    if (records === 1) first = scanner.fields;
    if (scanner.fields === first && scanner.fault === undefined) same += 1;
  }
  return same >= records * 0.9 ? first : 0;
}
