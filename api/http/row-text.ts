// The text of rows in the three formats, made in pieces, so that no large text is made at once.
import { stringify } from 'csv-stringify/sync';
import { linesOf, PackedRows, type Rows } from './packed-rows';

// About how long a piece is, in characters.
const PIECE_LENGTH = 64 * 1_024;

// The first rows show how long a row is.
const FIRST_ROWS = 4;
const MOST_ROWS = 2_000;

/**
 * JSON with the rows in one of its members.
 * @param frame the text of the answer with an empty array as this member: `{"count":2,"data":[]}`.
 */
export function* jsonText(frame: string, member: string, rows: Rows<object>): Generator<string> {
  // Inside of a text the quotation marks would be escaped, so this can only be the member.
  const empty = `${JSON.stringify(member)}:[]`;
  const at = frame.lastIndexOf(empty);
  if (at < 0) throw new Error(`the frame has no empty member ${member}`);
  const [before, after] = [frame.slice(0, at + empty.length - 1), frame.slice(at + empty.length - 1)];
  let separator = before;
  for (const piece of listed(rows)) {
    yield separator + piece;
    separator = ',';
  }
  yield rows.length === 0 ? before + after : after;
}

function* listed(rows: Rows<object>): Generator<string, void> {
  // JSON escapes line breaks, so the others are those between the rows.
  if (rows instanceof PackedRows)
    for (const lines of rows.lines()) yield lines.slice(0, -1).replaceAll('\n', ',');
  else yield* pieces(rows, (slice) => JSON.stringify(slice).slice(1, -1));
}

/** One JSON object per line. */
export const ndjsonText = (rows: Rows<object>): Iterable<string> =>
  rows instanceof PackedRows ? rows.lines() : pieces(rows, linesOf);

/** How CSV is written. */
export interface CsvStyle {
  /** Whether texts that a spreadsheet would take for formulas get an apostrophe. */
  readonly escapesFormulas: boolean;
}

/** RFC 4180, but with \n as the line break, as most tools write it. NULL is an empty field, an empty text is "". */
export function* csvText(
  columns: readonly string[],
  rows: Rows<object>,
  { escapesFormulas }: CsvStyle,
): Generator<string> {
  const cast = {
    boolean: String,
    object: (value: object) => JSON.stringify(value),
    string: (value: string) =>
      value === '' ? { value, quoted_empty: true } : escapesFormulas ? withoutFormula(value) : value,
  };
  const write = (slice: readonly object[], header: boolean): string =>
    stringify([...slice], { header, columns: [...columns], cast });
  yield write([], true);
  yield* pieces(rows, (slice) => write(slice, false));
}

// The characters that OWASP names for CSV injection, and the full-width forms that spreadsheets take for them.
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
// Whole numbers beyond 2^53 are text, too.
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const withoutFormula = (text: string): string =>
  FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;

/** The texts of slices of the rows; how many rows a slice has depends on how long the ones before were. */
function* pieces(rows: Rows<object>, write: (slice: readonly object[]) => string): Generator<string, void> {
  let size = FIRST_ROWS;
  let slice: object[] = [];
  for (const row of rows) {
    if (slice.push(row) < size) continue;
    const text = write(slice);
    size = Math.min(MOST_ROWS, Math.ceil((slice.length * PIECE_LENGTH) / text.length));
    slice = [];
    yield text;
  }
  if (slice.length > 0) yield write(slice);
}
