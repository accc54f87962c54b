// Rows as CSV (RFC 4180, lines end with a line feed, UTF-8). NULL is an empty field, an empty text is "", as import reads them.
import type { Batch } from './cursor';
import { type ExportColumn, plainText, type TextRow } from './values';

/** The header, then the rows; one piece of text per batch. */
export async function* csvPieces(
  columns: readonly ExportColumn[],
  batches: AsyncIterable<Batch>,
): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => field(name)).join(',')}\n`;
  for await (const rows of batches) yield rows.map((row) => csvLine(columns, row)).join('');
}

/** One row with its line end. */
export function csvLine(columns: readonly ExportColumn[], row: TextRow): string {
  let line = '';
  for (let at = 0; at < columns.length; at += 1) {
    const value = row[at] ?? null;
    if (at > 0) line += ',';
    if (value !== null) line += field(plainText(value, columns[at]?.type ?? 0));
  }
  return `${line}\n`;
}

const field = (text: string): string =>
  text === '' || /[",\r\n\ufeff]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
