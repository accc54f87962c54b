// Rows as NDJSON: one JSON object a line. What a JSON number cannot hold is written as text, so that nothing is lost.
import type { Batch } from './cursor';
import { type ExportColumn, plainText, type TextRow, TYPE } from './values';

/** The rows; one piece of text per batch. */
export async function* ndjsonPieces(
  columns: readonly ExportColumn[],
  batches: AsyncIterable<Batch>,
): AsyncGenerator<string> {
  const line = ndjsonWriter(columns);
  for await (const rows of batches) yield rows.map(line).join('');
}

/** Writes a row with its line end. */
export function ndjsonWriter(columns: readonly ExportColumn[]): (row: TextRow) => string {
  const names = columns.map(({ name }) => JSON.stringify(name));
  return (row) =>
    `{${names.map((name, at) => `${name}:${jsonValue(row[at] ?? null, columns[at]?.type ?? 0)}`).join(',')}}\n`;
}

function jsonValue(text: string | null, type: number): string {
  if (text === null) return 'null';
  switch (type) {
    case TYPE.boolean:
      return text === 't' ? 'true' : 'false';
    case TYPE.smallint:
    case TYPE.integer:
    case TYPE.oid:
      return text;
    case TYPE.bigint:
      return Number.isSafeInteger(Number(text)) ? text : `"${text}"`;
    // NaN and Infinity are no JSON.
    case TYPE.real:
    case TYPE.double:
      return /\d/.test(text) ? text : `"${text}"`;
    case TYPE.numeric:
      return isExact(text) ? text : `"${text}"`;
    case TYPE.jsonb:
      return text;
    case TYPE.json:
      // Line breaks can only stand between its parts: inside of texts JSON has them escaped.
      return text.replace(/[\r\n]+/g, ' ');
    default:
      return JSON.stringify(plainText(text, type));
  }
}

// Readers make a double of a number: up to 15 digits survive that.
function isExact(text: string): boolean {
  const digits = text.replace(/^-?0*\.?0*|\./g, '');
  return /^-?[\d.]+$/.test(text) && digits.length <= 15;
}
