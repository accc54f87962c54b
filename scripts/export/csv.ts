// Rows as CSV (RFC 4180, lines end with a line feed, UTF-8). NULL is an empty field, an empty text is "", as import reads them.
import { textWriter } from './text-writer';
import { type ExportColumn, plainText, type RowWriter, type TextRow } from './values';

/** The header, then the rows. */
export const csvWriter = (columns: readonly ExportColumn[]): RowWriter =>
  textWriter(`${columns.map(({ name }) => field(name)).join(',')}\n`, (row) => csvLine(columns, row));

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
