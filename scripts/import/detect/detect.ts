// Finds out how a file is written. What it finds is shown to people, and never used for an import without a flag.
import { isNumeric } from '../../../api/database/converters';
import { UsageError } from '../../../db/core/errors';
import type { Encoding, ImportOptions, ResolvedOptions } from '../options';
import { markedEncoding, toUtf8 } from '../read/encoding';
import { columnOf } from '../read/mapping';
import { patternOf } from '../read/melt';
import { firstBytes, resolveOptions } from '../read/resolve';
import { readBytes } from '../read/source';
import { isTimeType } from '../read/times';
import { guessDelimiter, guessEncoding } from './guess-bytes';
import { guessMapping, type SeenField } from './guess-mapping';
import { guessDecimal } from './guess-numbers';
import { TimeGuess } from './guess-times';
import { readRecords, type SeenRecord } from './records';

/** How a file looks. */
export interface Detected {
  /** The options of the command that reads the file as it looks. */
  readonly options: ImportOptions;
  readonly encoding: Encoding;
  readonly delimiter: string;
  readonly header: boolean;
  /** The columns of times whose texts can be read in several ways. */
  readonly unclearTimes: readonly TimeGuess[];
  /** What a person has to decide or to change before the file can be imported. */
  readonly problems: readonly string[];
  /** Texts that are no times, where other texts of their column are. */
  readonly oddTimes: readonly string[];
}

/** Bytes that are looked at for encoding and delimiter. */
const HEAD = 1024 * 1024;

/**
 * Looks at a file. Flags that are given are taken as they are.
 * @throws UsageError when the file cannot be read, or holds nothing.
 */
export async function detect(path: string, asked: ImportOptions): Promise<Detected> {
  const bytes = await guessedBytes(path, asked);
  const { options: resolved } = await resolveOptions(path, bytes);
  const source = readRecords(path, resolved);
  const { value: first = [] } = await source.next();
  requireText(asked.file, first);
  const { fields, header } = fieldsOf(first, resolved);
  const { added, bare } = guessMapping(bytes, fields);
  const mapping = { ...bytes.mapping, ...added };
  const noHeader: Partial<ImportOptions> = header ? {} : { columns: fields.map(({ name }) => name) };
  const read: ImportOptions = { ...bytes, ...noHeader, mapping };
  const problems: string[] = [];
  if (!header)
    problems.push(
      `the first line holds values and no names: give the names of the fields with --columns, in the order of the file (${noHeader.columns?.join(',')} are made up)`,
    );
  for (const column of bare) problems.push(missingValue(column, read, fields));
  const decimals = decimalOf(read, fields);
  if (decimals.problem !== undefined) problems.push(decimals.problem);
  const times = await timesOf(read, fields, source);
  const oddTimes = times.flatMap(({ column, odd }) =>
    odd === undefined
      ? []
      : [
          `column ${column.name}: ${JSON.stringify(odd.slice(0, 60))} is not a time, or has another layout than the texts before it`,
        ],
  );
  const unclearTimes = times.filter((guess) => guess.readings().length > 1);
  for (const guess of unclearTimes) problems.push(unclearTime(guess));
  const formats = times.flatMap((guess) => {
    const [reading, ...others] = guess.readings();
    return reading === undefined || others.length > 0
      ? []
      : [{ name: guess.column.name, format: reading.format }];
  });
  return {
    options: withFormats({ ...read, ...decimals.options }, formats),
    encoding: resolved.encoding,
    delimiter: resolved.delimiter,
    header: header && asked.columns === undefined,
    unclearTimes,
    problems,
    oddTimes,
  };
}

/** @throws UsageError for a file in which no records can be told apart, so that nothing can be found out about it. */
function requireText(file: string, [first]: readonly SeenRecord[]): void {
  if (first === undefined) throw new UsageError(`${file} is empty`);
  if (first.texts.some((text) => text !== null && /[\r\0]/.test(text)))
    throw new UsageError(`${file}: the first line has the character NUL, or lines end with CR only`);
}

/** Options with the format of some columns; ISO 8601 needs no flag. */
export function withFormats(
  options: ImportOptions,
  formats: readonly { readonly name: string; readonly format: string }[],
): ImportOptions {
  const { time } = options.table;
  const named = formats.filter(({ format }) => format !== 'iso');
  const others = Object.fromEntries(
    named.filter(({ name }) => name !== time).map(({ name, format }) => [name, format]),
  );
  const timeFormats = { ...options.timeFormats, ...others };
  return {
    ...options,
    timeFormat: named.find(({ name }) => name === time)?.format ?? options.timeFormat,
    ...(Object.keys(timeFormats).length === 0 ? {} : { timeFormats }),
  };
}

/** The encoding and the delimiter, where neither a flag nor the file says them. */
async function guessedBytes(path: string, asked: ImportOptions): Promise<ImportOptions> {
  const head = await firstBytes(readBytes(path, asked.compression), HEAD);
  if (head.length === 0) throw new UsageError(`${asked.file} is empty`);
  const guessed = markedEncoding(head) ?? asked.encoding ?? guessEncoding(head);
  const isSaid = markedEncoding(head) !== undefined || asked.encoding !== undefined || guessed === 'utf-8';
  const encoded = isSaid ? asked : { ...asked, encoding: guessed };
  if (asked.format === 'ndjson') return encoded;
  const { options } = await resolveOptions(path, encoded);
  const separator = options.delimiter !== ',' || asked.delimiter !== undefined;
  const text = await firstBytes(toUtf8(readBytes(path, asked.compression), guessed), HEAD);
  const delimiter = separator ? undefined : guessDelimiter(text);
  return delimiter === undefined || delimiter === ',' ? encoded : { ...encoded, delimiter };
}

/** The fields of the first records with their texts, and whether the first record names them. */
function fieldsOf(
  records: readonly SeenRecord[],
  { format, columns }: ResolvedOptions,
): { readonly fields: readonly SeenField[]; readonly header: boolean } {
  if (format === 'ndjson') {
    const texts = new Map<string, string[]>();
    for (const { names = [], texts: values } of records)
      for (const [at, name] of names.entries()) {
        const seen = texts.get(name) ?? [];
        texts.set(name, seen);
        const value = values[at];
        if (value !== null && value !== undefined) seen.push(value);
      }
    return { fields: Array.from(texts, ([name, seen]) => ({ name, texts: seen })), header: true };
  }
  const [first] = records;
  const header = columns === undefined && !(first?.texts.some(looksLikeValue) ?? false);
  const names =
    columns ??
    (header ? first?.texts.map((text) => text ?? '') : first?.texts.map((_, at) => `field${at + 1}`)) ??
    [];
  const rows = header ? records.slice(1) : records;
  return {
    fields: names.map((name, at) => ({
      name,
      texts: rows.flatMap(({ texts }) => texts[at] ?? []),
    })),
    header: header || columns !== undefined,
  };
}

// A name may have digits in it, but is neither a number nor a time.
const looksLikeValue = (text: string | null): boolean =>
  text !== null && /^\s*[+-]?\d[\d.,:/ TZ+-]*\s*$/.test(text);

function missingValue(
  column: string,
  { table, mapping }: ImportOptions,
  fields: readonly SeenField[],
): string {
  if (column === table.time)
    return `nothing fills the time column ${column}: name its field with --map ${column}=field (the fields are ${fields.map(({ name }) => name).join(', ')})`;
  const used = new Set(Object.values(mapping).flatMap((source) => ('field' in source ? [source.field] : [])));
  const free = fields.filter(
    ({ name, texts }) =>
      !used.has(name) &&
      !table.columnNames.includes(name) &&
      texts.length > 0 &&
      texts.every((text) => /^\s*[+-]?\d+(?:[.,]\d*)?\s*$/.test(text)),
  );
  const names = free.map(({ name }) => name).join(',');
  const numbers = table.columnNames.filter((name) => isNumeric(columnOf(table, name).type));
  const value = numbers.length === 1 ? numbers[0] : 'column';
  const wide =
    free.length > 1
      ? `; if each of the fields ${names} is a series of its own, add --melt '${names}' --melt-name ${column} --melt-value ${value}`
      : '';
  return `nothing fills ${column}, which must have a value: name its field with --map ${column}=field, or give one value with --set ${column}=value${wide}`;
}

function decimalOf(
  options: ImportOptions,
  fields: readonly SeenField[],
): { readonly options: Partial<ImportOptions>; readonly problem?: string } {
  const { table, format, decimal } = options;
  if (format === 'ndjson' || decimal !== undefined) return { options: {} };
  const texts = fields.flatMap((field) => {
    const column = columnsOf(options, field.name).find((name) => isNumeric(columnOf(table, name).type));
    return column === undefined ? [] : field.texts;
  });
  const guess = guessDecimal(texts);
  if (guess.kind === 'unclear') return { options: {}, problem: guess.why };
  return { options: guess.kind === 'comma' ? { decimal: ',' } : {} };
}

/** The columns that a field fills. */
function columnsOf({ table, mapping, melt }: ImportOptions, field: string): readonly string[] {
  const values = Object.entries(mapping).flatMap(([column, source]) =>
    ('field' in source && source.field === field) ||
    ('melted' in source &&
      source.melted === 'value' &&
      melt?.fields.some((pattern) => patternOf(pattern).test(field)))
      ? [column]
      : [],
  );
  const named = table.columnNames.find((name) => name.toLowerCase() === field.trim().toLowerCase());
  return named === undefined || named in mapping ? values : [...values, named];
}

/** Reads the times of all columns, and more of the file while there are several ways to read one of them. */
async function timesOf(
  options: ImportOptions,
  fields: readonly SeenField[],
  rest: AsyncGenerator<readonly SeenRecord[]>,
): Promise<readonly TimeGuess[]> {
  const { table, format } = options;
  const guesses = fields.flatMap(({ name, texts }, at) =>
    columnsOf(options, name).flatMap((column) => {
      const { type } = columnOf(table, column);
      if (!isTimeType(type)) return [];
      const guess = new TimeGuess(options, { name: column, type });
      for (const text of texts) guess.add(text);
      return [{ guess, at, name }];
    }),
  );
  const isUnclear = (): boolean => guesses.some(({ guess }) => guess.readings().length > 1);
  if (isUnclear())
    for await (const records of rest) {
      for (const { names, texts } of records)
        for (const { guess, at, name } of guesses) {
          const text = texts[format === 'ndjson' ? (names?.indexOf(name) ?? -1) : at];
          if (text !== null && text !== undefined) guess.add(text);
        }
      if (!isUnclear()) break;
    }
  else await rest.return(undefined);
  return guesses.map(({ guess }) => guess);
}

function unclearTime(guess: TimeGuess): string {
  const readings = guess.readings().map(({ format, time }) => `${time} (${format})`);
  return `column ${guess.column.name}: ${JSON.stringify(guess.first)} may be ${readings.join(' or ')}, and no text of the file says which`;
}
