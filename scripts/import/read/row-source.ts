// How the records of a file become rows: COPY texts, one per filled column, from fields of CSV or members of JSON.
import { isUtf8 } from 'node:buffer';
import { converterOf } from '../../../api/ingest/converters';
import { UsageError } from '../../../db/core/errors';
import type { Column } from '../../../db/language/columns';
import type { ImportOptions } from '../options';
import { CsvScanner, INCOMPLETE } from './csv-scanner';
import { type FilledColumn, filledColumns } from './mapping';
import { type SureCheck, sureCheckOf, sureTime, unixTime } from './sure-values';

/** What the last record was. */
export type Kind = 'row' | 'blank';

/** Reads records one after the other; everything but `next` is about the last record. */
export interface RowSource {
  readonly columns: readonly FilledColumn[];
  /** Columns of the file's own fields in their order, when its bytes may be sent as they are. */
  readonly rawColumns: readonly string[] | undefined;
  /** Where the next record starts, or INCOMPLETE. */
  next(bytes: Buffer, from: number, atEnd: boolean): number;
  readonly kind: Kind;
  /** End of the record, without its line break. */
  readonly end: number;
  /** Line breaks in it, the one after it included. */
  readonly lines: number;
  readonly lineBreak: string;
  readonly openQuote: boolean;
  /** Microseconds of its time when the server takes the whole record as it stands for certain; else NaN. */
  sureTime(bytes: Buffer): number;
  /** Its values, or why there are none. */
  texts(bytes: Buffer, from: number): readonly (string | null)[] | { readonly reason: string };
}

const columnOf = (options: ImportOptions, name: string): Column =>
  (options.table.columns as Readonly<Record<string, Column>>)[name] as Column;

/** A source for CSV with the given fields. */
export function csvSource(options: ImportOptions, header: readonly string[]): RowSource {
  const scanner = new CsvScanner(options.delimiter);
  const columns = filledColumns(options.file, options.table, options.mapping, header);
  requireFilled(options, columns, header);
  const fieldOf = columns.map(([name, source]) => ({
    name,
    constant: 'constant' in source ? source.constant : undefined,
    at: 'field' in source ? header.indexOf(source.field) : -1,
  }));
  const timeAt = fieldOf.find(({ name }) => name === options.table.time)?.at ?? -1;
  const timePlace = columns.findIndex(([name]) => name === options.table.time);
  const rawColumns = header.map((_, at) =>
    fieldOf.filter((field) => field.at === at).map(({ name }) => name),
  );
  const plain =
    rawColumns.every((names) => names.length === 1) &&
    fieldOf.every(({ at }) => at >= 0) &&
    options.timeFormat === 'iso' &&
    isZero(options.shift);
  const checks: SureCheck[] = [];
  const nullable: boolean[] = [];
  for (const [at, [name = '']] of rawColumns.entries()) {
    const column = name === '' ? undefined : columnOf(options, name);
    checks[at] = sureCheckOf(column?.type ?? '');
    nullable[at] = column?.nullable === true;
  }
  const utc = options.zone === 'UTC';
  return {
    columns,
    rawColumns: plain ? rawColumns.flat() : undefined,
    next: (bytes, from, atEnd) => scanner.next(bytes, from, atEnd),
    get kind() {
      return scanner.blank ? 'blank' : 'row';
    },
    get end() {
      return scanner.end;
    },
    get lines() {
      return scanner.lines;
    },
    get lineBreak() {
      return scanner.lineBreak;
    },
    get openQuote() {
      return scanner.openQuote;
    },
    sureTime(bytes) {
      const { starts, ends, quoted, fields } = scanner;
      if (!plain || scanner.fault !== undefined || fields !== header.length) return Number.NaN;
      for (let field = 0; field < fields; field += 1) {
        if (field === timeAt) continue;
        const start = starts[field] as number;
        const end = ends[field] as number;
        if (start === end && !quoted[field]) {
          if (!nullable[field]) return Number.NaN;
        } else if (!(checks[field] as SureCheck)(bytes, start, end)) return Number.NaN;
      }
      return sureTime(bytes, starts[timeAt] as number, ends[timeAt] as number, utc);
    },
    texts(bytes, from) {
      if (!isUtf8(bytes.subarray(from, scanner.end))) return NOT_UTF8;
      if (scanner.fault !== undefined) return { reason: scanner.fault };
      if (scanner.fields !== header.length)
        return { reason: `the row has ${scanner.fields} fields, and there are ${header.length} columns` };
      const texts = fieldOf.map(({ constant, at }) => constant ?? scanner.text(bytes, at));
      return withTime(options, texts, timePlace);
    },
  };
}

/** A source for JSON objects, one a line. */
export function ndjsonSource(options: ImportOptions): RowSource {
  const sources = Object.values(options.mapping);
  const fields = [
    ...options.table.columnNames.filter((name) => !(name in options.mapping)),
    ...sources.flatMap((source) => ('field' in source ? [source.field] : [])),
  ];
  const columns = filledColumns(options.file, options.table, options.mapping, fields);
  const readers = columns.map(([name, source]) => ({
    name,
    source,
    isTime: columnOf(options, name).type === 'timestamp with time zone',
    convert: converterOf(columnOf(options, name).type),
  }));
  const timePlace = columns.findIndex(([name]) => name === options.table.time);
  let start = 0;
  let end = 0;
  let blank = false;
  let broken = '';
  return {
    columns,
    rawColumns: undefined,
    next(bytes, from, atEnd) {
      const at = bytes.indexOf(0x0a, from);
      if (at === -1 && !atEnd) return INCOMPLETE;
      const stop = at === -1 ? bytes.length : at;
      start = from;
      end = stop > from && bytes[stop - 1] === 0x0d ? stop - 1 : stop;
      broken = at === -1 ? '' : '\n';
      blank = true;
      for (let look = start; blank && look < end; look += 1)
        blank = bytes[look] === 0x20 || bytes[look] === 0x09 || bytes[look] === 0x0d;
      return at === -1 ? bytes.length : at + 1;
    },
    get kind() {
      return blank ? 'blank' : 'row';
    },
    get end() {
      return end;
    },
    get lines() {
      return broken === '' ? 0 : 1;
    },
    get lineBreak() {
      return broken;
    },
    openQuote: false,
    sureTime: () => Number.NaN,
    texts(bytes) {
      const line = bytes.subarray(start, end);
      if (!isUtf8(line)) return NOT_UTF8;
      let value: unknown;
      try {
        value = JSON.parse(line.toString());
      } catch (error) {
        return { reason: `the line is no JSON: ${(error as Error).message.slice(0, 200)}` };
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return { reason: 'the line is no JSON object' };
      const texts: (string | null)[] = [];
      for (const { name, source, isTime, convert } of readers) {
        if ('constant' in source) {
          texts.push(source.constant);
          continue;
        }
        const member = Object.hasOwn(value, source.field)
          ? (value as Record<string, unknown>)[source.field]
          : null;
        if (member === null || member === undefined) {
          texts.push(null);
          continue;
        }
        // The server reads times, which may lack a zone; numbers are for --time-format.
        const text =
          isTime && (typeof member === 'string' || typeof member === 'number')
            ? String(member)
            : convert(member);
        if (typeof text === 'object') return { reason: `${name} ${text.reason}` };
        texts.push(text);
      }
      return withTime(options, texts, timePlace);
    },
  };
}

const NOT_UTF8 = { reason: 'the row is not UTF-8' } as const;

/** Whether a shift moves nothing. */
export const isZero = (shift: string): boolean => shift.trim() === '0';

function withTime(options: ImportOptions, texts: (string | null)[], place: number) {
  const text = texts[place];
  if (options.timeFormat === 'iso' || text === null || text === undefined) return refuseNul(texts);
  const time = unixTime(text, options.timeFormat);
  if (time === undefined)
    return {
      reason: `${options.table.time} is no number of --time-format ${options.timeFormat}: ${JSON.stringify(text.slice(0, 60))}`,
    };
  texts[place] = time;
  return refuseNul(texts);
}

function refuseNul(texts: readonly (string | null)[]) {
  return texts.some((text) => text?.includes('\0'))
    ? { reason: 'the row holds the character NUL, which PostgreSQL cannot keep' }
    : texts;
}

// Every row would be refused for the same reason: say it once, before anything is read.
function requireFilled(
  options: ImportOptions,
  columns: readonly FilledColumn[],
  header: readonly string[],
): void {
  const filled = new Set<string>(columns.map(([name]) => name));
  const bare = options.table.columnNames.filter((name) => {
    const { nullable, defaultSql } = columnOf(options, name);
    return !nullable && defaultSql === undefined && !filled.has(name);
  });
  if (bare.length > 0)
    throw new UsageError(
      `nothing fills ${bare.join(', ')} of ${options.table.name}, which must not be null; name the field with --map ${bare[0]}=field or a value with --set ${bare[0]}=value (the header is ${header.join(', ')})`,
    );
  const used = columns.flatMap(([, source]) => ('field' in source ? [source.field] : []));
  const twice = used.find((field) => header.indexOf(field) !== header.lastIndexOf(field));
  if (twice !== undefined)
    throw new UsageError(
      `${options.file} has two fields ${twice}, so which one is meant is unknown; rename one`,
    );
}
