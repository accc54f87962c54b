// Reads numbers that are written with a decimal comma, and names numbers that are written in another way than --decimal says.
import { isNumeric } from '../../../api/database/converters';
import type { ImportOptions } from '../options';

type NumberReader = (text: string) => string | { readonly reason: string };

const COMMA = /^\s*[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?\s*$/;
const GROUPED = /^\s*[+-]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})+(?:[.,]\d+)?\s*$/;

/** Makes the reader of a column of numbers; undefined for another column, and for JSON, whose numbers have a point always. */
export function numberReader(
  { format, decimal }: ImportOptions,
  { name, type }: { readonly name: string; readonly type: string },
): NumberReader | undefined {
  if (format === 'ndjson' || !isNumeric(type)) return undefined;
  const no = (text: string, why: string) => ({
    reason: `column ${name}: ${JSON.stringify(text.slice(0, 60))} ${why}`,
  });
  if (decimal === ',')
    return (text) => {
      if (COMMA.test(text)) return text.replace(',', '.');
      // NaN and the like have no decimals; the server judges them.
      if (!/[.,]/.test(text)) return text;
      return no(
        text,
        'is not a number with a decimal comma, as --decimal , says; separators of thousands are not read',
      );
    };
  return (text) => {
    // `1,234` may be either; the message of a wrong guess would be worse than that of none.
    if (COMMA.test(text) && text.includes(','))
      return no(
        text,
        'has a comma; if it is a decimal comma, add --decimal , (separators of thousands are not read)',
      );
    if (GROUPED.test(text) && Number.isNaN(Number(text)))
      return no(text, 'has separators of thousands, which are not read');
    return text;
  };
}
