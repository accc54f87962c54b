// Opens a file: reads its header and makes the digests that name its content.
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { UsageError } from '../../../db/core/errors';
import { nameOf } from '../../../db/language/names';
import type { ImportOptions } from '../options';
import { cutAgain, type Held, type Place } from './batches';
import { ByteWindow } from './byte-window';
import { CsvScanner } from './csv-scanner';
import { csvSource } from './csv-source';
import { ndjsonSource } from './ndjson-source';
import { INCOMPLETE } from './record-scanner';
import { isZero, type RowSource } from './row-source';
import { readBytes } from './source';

/** A file that is open. */
export interface Content {
  /** Makes a reader of the file's rows; each connection needs one of its own. */
  readonly newSource: () => RowSource;
  /** Physical line that the rows start on, from 1. */
  readonly line: number;
  /** The bytes of the rows. */
  readonly bytes: ByteWindow;
  /** Reads the rows a second time, in the batches that `wants` chooses. */
  readonly readAgain: <Batch extends Place>(
    batches: readonly Batch[],
    wants: (batch: Batch) => boolean,
  ) => AsyncGenerator<Held<Batch>>;
  /** Gives, once all bytes were read, SHA-256 of the content, and the import's id: a digest that also covers how the file is read. */
  digests(): Digests;
}

export interface Digests {
  readonly content: string;
  readonly id: string;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LONGEST_HEADER = 1024 * 1024;

/**
 * Opens a file and reads its header.
 * @throws UsageError when the file cannot be read, is empty, or has no field that the mapping names.
 */
export async function openContent(path: string, options: ImportOptions): Promise<Content> {
  const content = createHash('sha256');
  const id = createHash('sha256').update(wayOfReading(options));
  const bytes = new ByteWindow(hashed(readBytes(path, options.compression), [content, id]));
  try {
    const { names, end, line } = await readHeader(bytes, options);
    const newSource = (): RowSource =>
      options.format === 'ndjson' ? ndjsonSource(options) : csvSource(options, names);
    // A mapping that does not fit the header is refused before any row is read.
    newSource();
    bytes.drop(end);
    return {
      newSource,
      line,
      bytes,
      readAgain: (batches, wants) => cutAgain(readBytes(path, options.compression), end, batches, wants),
      digests: () => ({ content: content.digest('hex'), id: options.id ?? id.digest('hex') }),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function* hashed(chunks: AsyncIterable<Buffer>, hashes: readonly Hash[]): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (const hash of hashes) hash.update(chunk);
    yield chunk;
  }
}

const DEFAULTS: Partial<ImportOptions> = { format: 'csv', delimiter: ',', timeFormat: 'iso' };

// Everything that changes which rows the same bytes give. An option that has its default adds nothing, so that the id is still
// the one of earlier versions, which did not have the option.
function wayOfReading({ table, mapping, zone, shift, ...options }: ImportOptions): string {
  const { format, delimiter, columns, timeFormat } = options;
  const more = Object.entries({ format, delimiter, columns, timeFormat }).filter(
    ([name, value]) => value !== DEFAULTS[name as keyof ImportOptions],
  );
  const base = [nameOf(table), mapping, zone, isZero(shift) ? '0' : shift];
  return JSON.stringify(more.length === 0 ? base : [...base, Object.fromEntries(more)]);
}

interface Header {
  readonly names: readonly string[];
  /** Where the rows start. */
  readonly end: number;
  readonly line: number;
}

async function readHeader(bytes: ByteWindow, options: ImportOptions): Promise<Header> {
  const { file, format, delimiter, columns } = options;
  let head = await bytes.fill(BOM.length);
  let at = head.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
  if (format === 'ndjson' || columns !== undefined) {
    if (head.length === at) throw new UsageError(`${file} is empty`);
    return { names: columns ?? [], end: at, line: 1 };
  }
  const scanner = new CsvScanner(delimiter);
  let [line, end] = [1, INCOMPLETE];
  for (;;) {
    if (at === head.length && bytes.atEnd) throw new UsageError(`${file} is empty`);
    end = scanner.next(head, at, bytes.atEnd);
    if (end === INCOMPLETE) {
      if (bytes.atEnd) throw new UsageError(`${file}, line ${line}: a quote of the header is not closed`);
      if (head.length > LONGEST_HEADER)
        throw new UsageError(`${file} has no header within ${LONGEST_HEADER} bytes; is this CSV?`);
      head = await bytes.fill(head.length);
      continue;
    }
    line += scanner.lines;
    if (!scanner.blank) break;
    at = end;
  }
  if (scanner.fault !== undefined || !isUtf8(head.subarray(at, scanner.end)))
    throw new UsageError(`${file}: the header is not valid CSV: ${scanner.fault ?? 'it is not UTF-8'}`);
  const names = Array.from({ length: scanner.fields }, (_, field) => scanner.text(head, field) ?? '');
  return { names, end, line };
}
