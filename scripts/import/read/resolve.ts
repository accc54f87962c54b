// Reads from the first bytes of a file what the file itself says about how it is written. Nothing here is guessed.
import { UsageError } from '../../../db/core/errors';
import type { Encoding, ImportOptions, ResolvedOptions } from '../options';
import { markedEncoding } from './encoding';
import { readBytes } from './source';

/** Enough bytes for a byte order mark and a line `sep=;`. */
export const LONGEST_SEPARATOR_LINE = 16;

/** The delimiter that a spreadsheet names in the first line of a file, `sep=;`. */
export const separatorOf = (text: string): string | undefined => /^"?sep=([ -~\t])"?\r?\n/i.exec(text)?.[1];

/** Options that are complete, with notes on what the file said. */
export interface Resolution {
  readonly options: ResolvedOptions;
  readonly notes: readonly string[];
}

/**
 * Completes the options with what the file says.
 * @throws UsageError when a flag says something else than the file.
 */
export async function resolveOptions(path: string, asked: ImportOptions): Promise<Resolution> {
  const { file, compression, format } = asked;
  const head = await firstBytes(readBytes(path, compression), LONGEST_SEPARATOR_LINE * 2);
  const marked = markedEncoding(head);
  if (marked !== undefined && asked.encoding !== undefined && asked.encoding !== marked)
    throw new UsageError(
      `${file} begins with the byte order mark of ${marked}, and --encoding says ${asked.encoding}; leave out --encoding`,
    );
  const encoding: Encoding = marked ?? asked.encoding ?? 'utf-8';
  const notes = marked === undefined ? [] : [`${file} begins with the byte order mark of ${marked}`];
  if (format === 'ndjson')
    return { options: { ...asked, encoding, delimiter: asked.delimiter ?? ',' }, notes };
  const separator = separatorOf(startOf(head, encoding));
  if (separator !== undefined && asked.delimiter !== undefined && asked.delimiter !== separator)
    throw new UsageError(
      `the first line of ${file} says sep=${separator}, and --delimiter says ${JSON.stringify(asked.delimiter)}; leave out --delimiter`,
    );
  if (separator !== undefined)
    notes.push(`the first line of ${file} says that ${JSON.stringify(separator)} is between its fields`);
  return { options: { ...asked, encoding, delimiter: separator ?? asked.delimiter ?? ',' }, notes };
}

// What is looked for consists of ASCII, and only UTF-16 writes ASCII in another way.
const startOf = (head: Buffer, encoding: Encoding): string =>
  encoding.startsWith('utf-16')
    ? new TextDecoder(encoding).decode(head)
    : head.toString('latin1', markedEncoding(head) === undefined ? 0 : 3);

/** The first bytes of a stream, `count` of them unless it is shorter. */
export async function firstBytes(chunks: AsyncIterable<Buffer>, count: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(Buffer.from(chunk));
    length += chunk.length;
    if (length >= count) break;
  }
  return Buffer.concat(parts).subarray(0, count);
}
