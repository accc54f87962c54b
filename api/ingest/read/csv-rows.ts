// Rows of a body in CSV (RFC 4180): the first record names the columns, unless the request does.
import { parseJson, plainNumber } from '../../../db/core/exact-json';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { bareValue, faultOfJsonText, isNumeric } from '../../database/converters';
import { ProblemError } from '../../http/problems';
import { epochTime, type Precision } from '../points/line-protocol';
import type { SentRow } from '../rows';
import { CsvFault, csvRecords } from './csv-records';

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

/**
 * The rows of the records. An empty field has no value; in quotes it is an empty text.
 * @throws ProblemError (bad-body) when the body is not CSV, or its header is not usable.
 */
export function* csvRows(table: Hypertable, body: string, options: CsvOptions): Generator<SentRow> {
  const { delimiter = ',', columns } = options;
  let header = columns === undefined ? undefined : headerOf(table, columns.split(','));
  let line = 1;
  try {
    for (const { fields, lastLine } of csvRecords(body, delimiter)) {
      if (header === undefined) header = headerOf(table, fields);
      else yield rowOf(header, fields, line, options);
      line = lastLine + 1;
    }
  } catch (cause) {
    if (!(cause instanceof CsvFault)) throw cause;
    throw new ProblemError(
      'bad-body',
      `The body is not CSV: ${cause.message.slice(0, 200)}; nothing was stored`,
      {
        cause,
      },
    );
  }
}

/** The columns of the fields, by their names in any case. */
function headerOf(table: Hypertable, names: readonly (string | null)[]): readonly CsvField[] {
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
  return found.map((name) => {
    const { type } = (table.columns as Readonly<Record<string, Column>>)[name] as Column;
    return { name, type, isTime: name === table.time, isNumber: isNumeric(type), isFloat: FLOATS.has(type) };
  });
}

/** The column of a field. */
interface CsvField {
  readonly name: string;
  readonly type: string;
  readonly isTime: boolean;
  readonly isNumber: boolean;
  readonly isFloat: boolean;
}

const FLOATS: ReadonlySet<string> = new Set(['double precision', 'real']);

const unusable = (why: string): ProblemError =>
  new ProblemError('bad-body', `The header of the CSV ${why}; nothing was stored`);

function rowOf(
  header: readonly CsvField[],
  record: readonly (string | null)[],
  line: number,
  { precision, decimal = '.' }: CsvOptions,
): SentRow {
  if (record.length !== header.length)
    return {
      line,
      source: record,
      reason: `the record has ${record.length} fields, and the header has ${header.length}`,
    };
  const value: Record<string, unknown> = {};
  for (let at = 0; at < header.length; at += 1) {
    const field = header[at] as CsvField;
    const text = record[at] as string | null;
    // An absent value leaves a column to its default.
    if (text === null) continue;
    const plain = field.isFloat ? plainNumber(text, 0, text.length) : undefined;
    if (plain !== undefined && (decimal === '.' || !text.includes('.'))) value[field.name] = plain;
    else {
      const reason = faultOf(field, text, decimal);
      // The fields alone: a replay knows neither the decimal comma nor that the text should be JSON, and would store another value.
      if (reason !== undefined) return { line, source: record, reason: `${field.name} ${reason}` };
      value[field.name] = field.isTime ? timeOf(text, precision) : columnValue(field, text, decimal);
    }
  }
  return { line, source: value, value };
}

function timeOf(text: string, precision: Precision): string {
  const trimmed = text.trim();
  return epochTime(trimmed, precision) ?? trimmed;
}

function faultOf({ type, isNumber }: CsvField, text: string, decimal: string): string | undefined {
  if (type === 'jsonb') return faultOfJsonText(text);
  // It could be a separator of thousands.
  if (decimal !== '.' && isNumber && text.includes('.'))
    return `is ${JSON.stringify(text.slice(0, 60))}, but numbers have a decimal comma here; write them without points`;
  return undefined;
}

function columnValue({ type, isNumber }: CsvField, text: string, decimal: string): unknown {
  if (type === 'jsonb') return parseJson(text);
  return bareValue(type, isNumber ? text.trim().replace(decimal, '.') : text);
}
