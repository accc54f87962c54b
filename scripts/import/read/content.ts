// Opens a file: reads its header and makes the digests that name its content.
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { UsageError } from '../../../db/core/errors';
import { nameOf } from '../../../db/language/names';
import type { ImportOptions, ResolvedOptions } from '../options';
import { cutAgain, type Held, type Place } from './batches';
import { ByteWindow } from './byte-window';
import { CsvScanner } from './csv-scanner';
import { csvSource } from './csv-source';
import { toUtf8 } from './encoding';
import type { FilledColumn } from './mapping';
import { ndjsonSource } from './ndjson-source';
import { INCOMPLETE } from './record-scanner';
import { LONGEST_SEPARATOR_LINE, resolveOptions, separatorOf } from './resolve';
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
  /** The options, with what the file says about itself. */
  readonly options: ResolvedOptions;
  /** What the file says about itself, for people. */
  readonly notes: readonly string[];
}

export interface Digests {
  readonly content: string;
  readonly id: string;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 0x0a;
const LONGEST_HEADER = 1024 * 1024;

/**
 * Opens a file and reads its header.
 * @throws UsageError when the file cannot be read, is empty, or has no field that the mapping names.
 */
export async function openContent(path: string, asked: ImportOptions): Promise<Content> {
  const { options, notes } = await resolveOptions(path, asked);
  const { compression, encoding } = options;
  const content = createHash('sha256');
  const id = createHash('sha256').update(wayOfReading(options));
  const read = (): AsyncIterable<Buffer> => toUtf8(readBytes(path, compression), encoding);
  const bytes = new ByteWindow(hashed(read(), [content, id]));
  try {
    const { names, end, line } = await readHeader(bytes, options);
    const newSource = (): RowSource =>
      options.format === 'ndjson' ? ndjsonSource(options) : csvSource(options, names);
    // A mapping that does not fit the header is refused before any row is read.
    const { columns } = newSource();
    bytes.drop(end);
    return {
      options,
      notes: [...notes, ...notesOn(columns)],
      newSource,
      line,
      bytes,
      readAgain: (batches, wants) => cutAgain(read(), end, batches, wants),
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

const DEFAULTS: Partial<ImportOptions> = {
  format: 'csv',
  delimiter: ',',
  timeFormat: 'iso',
  decimal: '.',
  repeatedTimes: 'refuse',
};

// Everything that changes which rows the same bytes give. An option that has its default adds nothing, so that the id is still
// the one of earlier versions, which did not have the option.
function wayOfReading({ table, mapping, zone, shift, ...options }: ResolvedOptions): string {
  const { format, delimiter, columns, timeFormat, timeFormats, repeatedTimes, decimal, melt } = options;
  const chosen = { format, delimiter, columns, timeFormat, timeFormats, repeatedTimes, decimal, melt };
  const more = Object.entries(chosen).filter(
    ([name, value]) => value !== undefined && value !== DEFAULTS[name as keyof ImportOptions],
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

async function readHeader(bytes: ByteWindow, options: ResolvedOptions): Promise<Header> {
  const { file, format, delimiter, columns } = options;
  let head = await bytes.fill(LONGEST_SEPARATOR_LINE);
  let at = head.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
  let [line, end] = [1, INCOMPLETE];
  if (format === 'csv' && separatorOf(head.toString('latin1', at)) !== undefined) {
    at = head.indexOf(LF, at) + 1;
    line = 2;
  }
  if (format === 'ndjson' || columns !== undefined) {
    if (head.length === at) throw new UsageError(`${file} is empty`);
    return { names: columns ?? [], end: at, line };
  }
  const scanner = new CsvScanner(delimiter);
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
  const fault = faultOfHeader(head.subarray(at, scanner.end), scanner, head);
  if (fault !== undefined) throw new UsageError(`${file}: the header is not valid CSV: ${fault}`);
  const names = Array.from({ length: scanner.fields }, (_, field) => scanner.text(head, field) ?? '');
  return { names, end, line };
}

function faultOfHeader(header: Buffer, scanner: CsvScanner, head: Buffer): string | undefined {
  if (header.includes(0))
    return 'it has the character NUL, as UTF-16 has; name the encoding, e.g. --encoding utf-16le, or look at the file with --preview';
  if (!isUtf8(header))
    return 'it is not UTF-8; name the encoding, e.g. --encoding windows-1252, or look at the file with --preview';
  if (scanner.fault !== undefined) return scanner.fault;
  const bare = Array.from({ length: scanner.fields }, (_, field) => field).filter(
    (field) => !scanner.quoted[field] && scanner.text(head, field)?.includes('\r'),
  );
  return bare.length === 0
    ? undefined
    : "its lines end with CR only, as those of very old programs do; write LF instead, e.g. with: tr '\\r' '\\n' < FILE > NEW";
}

function notesOn(columns: readonly FilledColumn[]): readonly string[] {
  return columns.flatMap(({ name, source, isFolded }) =>
    isFolded && 'field' in source
      ? [`the field ${JSON.stringify(source.field)} fills the column ${name}`]
      : [],
  );
}
