// Rows as NDJSON: one JSON object a line. What a JSON number cannot hold is written as text, so that nothing is lost.
import { textWriter } from './text-writer';
import { type ExportColumn, plainText, type RowWriter, type TextRow, TYPE } from './values';

/** One line per row. */
export const ndjsonWriter = (columns: readonly ExportColumn[]): RowWriter =>
  textWriter('', ndjsonLines(columns));

/** Writes a row with its line end. */
export function ndjsonLines(columns: readonly ExportColumn[]): (row: TextRow) => string {
  const fields = columns.map(({ name, type }, at) => ({
    start: `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    type,
  }));
  return (row) => {
    let line = '';
    for (const [at, { start, type }] of fields.entries()) line += start + jsonValue(row[at] ?? null, type);
    return `${line}}\n`;
  };
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
    // JSON has no NaN and no Infinity.
    case TYPE.real:
    case TYPE.double:
      return /\d/.test(text) ? text : `"${text}"`;
    case TYPE.numeric:
      return isExact(text) ? text : `"${text}"`;
    case TYPE.jsonb:
      return text;
    case TYPE.json:
      // A line break can only be white space between the parts, because JSON escapes line breaks in texts.
      return text.replace(/[\r\n]+/g, ' ');
    default:
      return JSON.stringify(plainText(text, type));
  }
}

// Readers turn a JSON number into a double, which keeps up to 15 digits exactly.
function isExact(text: string): boolean {
  const digits = text.replace(/^-?0*\.?0*|\./g, '');
  return /^-?[\d.]+$/.test(text) && digits.length <= 15;
}
