// A file's content: its header, what follows it, and the digests that name it.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { UsageError } from '../../../db/core/errors';
import { nameOf } from '../../../db/language/names';
import type { ImportOptions } from '../options';
import { CsvScanner, INCOMPLETE } from './csv-scanner';
import { csvSource, isZero, ndjsonSource, type RowSource } from './row-source';
import { readBytes } from './source';

/** A file that is being read. */
export interface Content {
  readonly newSource: () => RowSource;
  /** Bytes before the rows. */
  readonly skip: number;
  /** Physical line that the rows start on. */
  readonly line: number;
  /** The rows; must be read to the end before the digests are asked for. */
  readonly rows: AsyncIterable<Buffer>;
  /** Of the content alone, and of it with how it is read. */
  digests(): { readonly content: string; readonly id: string };
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LONGEST_HEADER = 1024 * 1024;

/**
 * Opens a file and reads its header.
 * @throws UsageError when it cannot be read, is empty, or lacks what the mapping names.
 */
export async function openContent(path: string, options: ImportOptions): Promise<Content> {
  const content = createHash('sha256');
  const id = createHash('sha256').update(wayOfReading(options));
  const chunks = readBytes(path, options.compression)[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let atEnd = false;
  const more = async (): Promise<void> => {
    const { value, done } = await chunks.next();
    if (done === true) {
      atEnd = true;
      return;
    }
    content.update(value);
    id.update(value);
    head = Buffer.concat([head, value]);
  };
  try {
    while (head.length < BOM.length && !atEnd) await more();
    const start = head.subarray(0, 3).equals(BOM) ? 3 : 0;
    if (head.length === start) throw new UsageError(`${options.file} is empty`);
    const header = await readHeader(
      options,
      start,
      () => head,
      () => atEnd,
      more,
    );
    const newSource = (): RowSource =>
      options.format === 'ndjson' ? ndjsonSource(options) : csvSource(options, header.names);
    newSource();
    async function* rows(): AsyncGenerator<Buffer> {
      try {
        if (head.length > header.end) yield head.subarray(header.end);
        head = Buffer.alloc(0);
        for (;;) {
          const { value, done } = await chunks.next();
          if (done === true) return;
          content.update(value);
          id.update(value);
          yield value;
        }
      } finally {
        await chunks.return(undefined);
      }
    }
    return {
      newSource,
      skip: header.end,
      line: header.line,
      rows: rows(),
      digests: () => ({ content: content.digest('hex'), id: options.id ?? id.digest('hex') }),
    };
  } catch (error) {
    await chunks.return(undefined);
    throw error;
  }
}

// Whatever changes what rows come out of the same bytes; with it unset, the name that earlier versions gave.
function wayOfReading({
  table,
  mapping,
  zone,
  shift,
  format,
  delimiter,
  columns,
  timeFormat,
}: ImportOptions): string {
  const more = {
    ...(format === 'csv' ? {} : { format }),
    ...(delimiter === ',' ? {} : { delimiter }),
    ...(columns === undefined ? {} : { columns }),
    ...(timeFormat === 'iso' ? {} : { timeFormat }),
  };
  const base = [nameOf(table), mapping, zone, isZero(shift) ? '0' : shift];
  return JSON.stringify(Object.keys(more).length === 0 ? base : [...base, more]);
}

async function readHeader(
  options: ImportOptions,
  start: number,
  head: () => Buffer,
  atEnd: () => boolean,
  more: () => Promise<void>,
): Promise<{ readonly names: readonly string[]; readonly end: number; readonly line: number }> {
  if (options.format === 'ndjson' || options.columns !== undefined)
    return { names: options.columns ?? [], end: start, line: 1 };
  const scanner = new CsvScanner(options.delimiter);
  let line = 1;
  for (let at = start; ; ) {
    const next = scanner.next(head(), at, atEnd());
    if (next === INCOMPLETE) {
      if (atEnd()) throw new UsageError(`${options.file}, line ${line}: a quote of the header is not closed`);
      if (head().length > LONGEST_HEADER)
        throw new UsageError(`${options.file} has no header within ${LONGEST_HEADER} bytes; is this CSV?`);
      await more();
      continue;
    }
    line += scanner.lines;
    if (scanner.blank) {
      if (next >= head().length && atEnd()) throw new UsageError(`${options.file} is empty`);
      at = next;
      continue;
    }
    if (scanner.fault !== undefined || !isUtf8(head().subarray(at, scanner.end)))
      throw new UsageError(`${options.file}: the header is no CSV: ${scanner.fault ?? 'it is not UTF-8'}`);
    const names = Array.from({ length: scanner.fields }, (_, field) => scanner.text(head(), field) ?? '');
    return { names, end: next, line };
  }
}
