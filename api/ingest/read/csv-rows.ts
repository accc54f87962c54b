// Rows of a body in CSV (RFC 4180): the first record names the columns, unless the request does.
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { parseJson } from '../../../db/core/exact-json';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { bareValue, faultOfJsonText, isNumeric } from '../../database/converters';
import { ProblemError } from '../../http/problems';
import { epochTime, type Precision } from '../points/line-protocol';
import type { SentRow } from '../rows';

/** How a CSV body is written. */
export interface CsvOptions {
  /** Unit of times that are whole numbers. */
  readonly precision: Precision;
  /** Default `,`. */
  readonly delimiter?: string;
  /** The character before the decimals; default `.`. */
  readonly decimal?: string;
  /** Names of the columns, separated by commas, where the body has no header. */
  readonly columns?: string;
}

/** Characters that are parsed between two turns of other requests. */
const CHUNK = 65_536;

/**
 * The rows of the records. An empty field has no value; in quotes it is an empty text.
 * @throws ProblemError (bad-body) when the body is not CSV, or its header is not usable.
 */
export async function* csvRows(
  table: Hypertable,
  body: string,
  options: CsvOptions,
): AsyncGenerator<SentRow> {
  const { delimiter = ',', columns } = options;
  let header = columns === undefined ? undefined : headerOf(table, columns.split(','));
  let line = 1;
  try {
    for await (const { record, info } of parsed(body, delimiter)) {
      if (header === undefined) header = headerOf(table, record);
      else yield rowOf(table, header, record, line, options);
      line = info.lines + 1;
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new ProblemError(
      'bad-body',
      `The body is not CSV: ${cause.message.slice(0, 200)}; nothing was stored`,
      {
        cause,
      },
    );
  }
}

interface Parsed {
  readonly record: readonly (string | null)[];
  readonly info: { readonly lines: number };
}

function parsed(body: string, delimiter: string): AsyncIterable<Parsed> {
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
  });
  return Readable.from(chunks(body)).compose(parser) as AsyncIterable<Parsed>;
}

function* chunks(body: string): Generator<string> {
  for (let at = 0; at < body.length; at += CHUNK) yield body.slice(at, at + CHUNK);
}

/** The columns of the fields, by their names in any case. */
function headerOf(table: Hypertable, names: readonly (string | null)[]): readonly string[] {
  const found = names.map((given) => {
    const name = (given ?? '').trim();
    return table.columnNames.find((column) => column === name || column === name.toLowerCase()) ?? name;
  });
  const unknown = found.filter((name) => !table.columnNames.includes(name));
  if (unknown.length > 0)
    throw unusable(
      `has ${unknown.map((name) => JSON.stringify(name.slice(0, 60))).join(', ')}, and the columns are ${table.columnNames.join(', ')}; correct the delimiter or the names, or name the columns with ?columns=`,
    );
  const twice = found.find((name, at) => found.indexOf(name) !== at);
  if (twice !== undefined) throw unusable(`names ${twice} twice`);
  return found;
}

const unusable = (why: string): ProblemError =>
  new ProblemError('bad-body', `The header of the CSV ${why}; nothing was stored`);

function rowOf(
  table: Hypertable,
  header: readonly string[],
  record: readonly (string | null)[],
  line: number,
  { precision, decimal = '.' }: CsvOptions,
): SentRow {
  const source = Object.fromEntries(header.map((name, at) => [name, record[at] ?? null]));
  if (record.length !== header.length)
    return {
      line,
      source: record,
      reason: `the record has ${record.length} fields, and the header has ${header.length}`,
    };
  const value: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(source)) {
    const column = columnOf(table, name);
    // An absent value leaves a column to its default.
    if (text === null || column === undefined) continue;
    const reason = faultOf(column, text, decimal);
    // The fields alone: a replay knows neither the decimal comma nor that the text should be JSON, and would store another value.
    if (reason !== undefined) return { line, source: record, reason: `${name} ${reason}` };
    value[name] =
      name === table.time
        ? (epochTime(text.trim(), precision) ?? text.trim())
        : columnValue(column, text, decimal);
  }
  return { line, source: value, value };
}

function faultOf({ type }: Column, text: string, decimal: string): string | undefined {
  if (type === 'jsonb') return faultOfJsonText(text);
  // It could be a separator of thousands.
  if (decimal !== '.' && isNumeric(type) && text.includes('.'))
    return `is ${JSON.stringify(text.slice(0, 60))}, but numbers have a decimal comma here; write them without points`;
  return undefined;
}

function columnValue({ type }: Column, text: string, decimal: string): unknown {
  if (type === 'jsonb') return parseJson(text);
  return bareValue(type, isNumeric(type) ? text.trim().replace(decimal, '.') : text);
}

const columnOf = (table: Hypertable, name: string): Column | undefined =>
  (table.columns as Readonly<Record<string, Column | undefined>>)[name];
