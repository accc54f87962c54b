// Reads the records of a file as texts, without a table to put them into: for a look at what the file holds.
import type { ResolvedOptions } from '../options';
import { type Cut, cutBatches } from '../read/batches';
import { ByteWindow } from '../read/byte-window';
import { CsvScanner } from '../read/csv-scanner';
import { markedEncoding, toUtf8 } from '../read/encoding';
import { LineScanner } from '../read/line-scanner';
import { separatorOf } from '../read/resolve';
import { readBytes } from '../read/source';

/** A record: the texts of its fields, in NDJSON with the names of its members. */
export interface SeenRecord {
  readonly names?: readonly string[];
  readonly texts: readonly (string | null)[];
}

/** Yields the records of a file, those of a batch at a time, the header of CSV included. A line `sep=;` is left out. */
export async function* readRecords(
  path: string,
  options: ResolvedOptions,
): AsyncGenerator<readonly SeenRecord[]> {
  const { compression, encoding, delimiter, file, format } = options;
  const scanner = format === 'ndjson' ? new LineScanner() : new CsvScanner(delimiter);
  const bytes = new ByteWindow(toUtf8(readBytes(path, compression), encoding));
  const cuts = cutBatches({ bytes, scanner, width: 1, file, line: 1, onRecord: () => undefined });
  for await (const cut of cuts) yield [...recordsOf(scanner, cut)];
}

function* recordsOf(scanner: CsvScanner | LineScanner, { bytes, line }: Cut): Generator<SeenRecord> {
  const isStart = line === 1 && markedEncoding(bytes) === 'utf-8';
  let isFirst = line === 1;
  for (let from = isStart ? MARK_LENGTH : 0; from < bytes.length; ) {
    const next = scanner.next(bytes, from, true);
    const isSeparator = isFirst && separatorOf(bytes.toString('utf8', from, next)) !== undefined;
    isFirst = false;
    if (scanner.blank || isSeparator) {
      // Nothing in it is data.
    } else if (scanner instanceof LineScanner) yield jsonRecord(bytes.toString('utf8', from, scanner.end));
    else yield csvRecord(scanner, bytes);
    from = next;
  }
}

const MARK_LENGTH = 3;

const csvRecord = (scanner: CsvScanner, bytes: Buffer): SeenRecord => ({
  texts: Array.from({ length: scanner.fields }, (_, field) => scanner.text(bytes, field)),
});

function jsonRecord(line: string): SeenRecord {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return { names: [], texts: [] };
  }
  if (typeof row !== 'object' || row === null) return { names: [], texts: [] };
  const members = Object.entries(row as Readonly<Record<string, unknown>>);
  return {
    names: members.map(([name]) => name),
    texts: members.map(([, value]) => (value === null || typeof value === 'object' ? null : String(value))),
  };
}
