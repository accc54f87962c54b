// The text of rows in the three formats, made in pieces, so that no large text is made at once.
import { PackedRows, type Rows } from './packed-rows';
import { columnsByName, packedText } from './packed-text';

/** A piece of a text, as such or in UTF-8. */
export type TextPiece = string | Buffer;

// About how long a piece is, in characters.
const PIECE_LENGTH = 64 * 1_024;

// The first rows show how long a row is.
const FIRST_ROWS = 4;
const MOST_ROWS = 2_000;

/**
 * JSON with the rows in one of its members.
 * @param frame the text of the answer with an empty array as this member: `{"count":2,"data":[]}`.
 */
export function* jsonText(frame: string, member: string, rows: Rows<object>): Generator<TextPiece> {
  // Inside of a text the quotation marks would be escaped, so this can only be the member.
  const empty = `${JSON.stringify(member)}:[]`;
  const at = frame.lastIndexOf(empty);
  if (at < 0) throw new Error(`the frame has no empty member ${member}`);
  const [before, after] = [frame.slice(0, at + empty.length - 1), frame.slice(at + empty.length - 1)];
  yield before;
  yield* jsonRows(rows, ',');
  yield after;
}

/** One JSON object per line. */
export function* ndjsonText(rows: Rows<object>): Generator<TextPiece> {
  yield* jsonRows(rows, '\n');
  if (rows.length > 0) yield '\n';
}

function* jsonRows(rows: Rows<object>, separator: string): Generator<TextPiece> {
  if (!(rows instanceof PackedRows)) {
    yield* pieces(rows, (slice) => slice.map((row) => JSON.stringify(row)).join(separator), separator);
    return;
  }
  const members = [...columnsByName(rows.columns)].map(([name, column], at) => ({
    before: `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    column,
  }));
  yield* packedText(rows, {
    members,
    betweenRows: separator,
    afterRow: members.length === 0 ? '{}' : '}',
    null: 'null',
    quote: '"',
    special: '"\\',
    specialFirst: '',
    write: (value) => JSON.stringify(value),
  });
}

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
): Generator<TextPiece> {
  const field = (value: unknown): string => {
    const shown = csvValue(value);
    const text = escapesFormulas && typeof shown === 'string' ? withoutFormula(shown) : String(shown ?? '');
    if (shown !== '' && !/[",\n\r]/.test(text)) return text;
    return `"${text.replaceAll('"', '""')}"`;
  };
  const line = (values: readonly unknown[]): string => `${values.map(field).join(',')}\n`;
  yield line(columns);
  if (!(rows instanceof PackedRows)) {
    const lineOf = (row: object): string =>
      line(columns.map((name) => (row as Readonly<Record<string, unknown>>)[name]));
    yield* pieces(rows, (slice) => slice.map(lineOf).join(''), '');
    return;
  }
  const found = columnsByName(rows.columns);
  yield* packedText(rows, {
    members: columns.map((name, at) => ({ before: at === 0 ? '' : ',', column: found.get(name) })),
    betweenRows: '',
    afterRow: '\n',
    null: '',
    quote: '',
    special: '",',
    specialFirst: escapesFormulas ? '=+-@' : '',
    write: field,
  });
}

/** A value as CSV shows it: one that is a text in JSON is that text, other objects are their JSON. */
function csvValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const json = JSON.stringify(value);
  return json.startsWith('"') ? JSON.parse(json) : json;
}

// The characters that OWASP names for CSV injection, and the full-width forms that spreadsheets take for them.
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
// Whole numbers beyond 2^53 are text, too.
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const withoutFormula = (text: string): string =>
  FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;

/** The texts of slices of the rows; how many rows a slice has depends on how long the ones before were. */
function* pieces(
  rows: Rows<object>,
  write: (slice: readonly object[]) => string,
  separator: string,
): Generator<string, void> {
  let size = FIRST_ROWS;
  let slice: object[] = [];
  let before = '';
  for (const row of rows) {
    if (slice.push(row) < size) continue;
    const text = write(slice);
    size = Math.min(MOST_ROWS, Math.ceil((slice.length * PIECE_LENGTH) / text.length));
    slice = [];
    yield before + text;
    before = separator;
  }
  if (slice.length > 0) yield before + write(slice);
}
