// Reads rows from the fields of CSV.
import { isUtf8 } from 'node:buffer';
import { UsageError } from '../../../db/core/errors';
import { counted, wordFor } from '../../../db/core/quantities';
import { seriesKeys } from '../../../db/language/series-keys';
import type { ResolvedOptions } from '../options';
import { type CertainCheck, certainCheckOf, certainSeriesKey, certainTime } from './certain-values';
import { CsvScanner } from './csv-scanner';
import { columnOf, type FilledColumn, filledColumns } from './mapping';
import { type Cell, meltedFields, WHOLE_RECORD } from './melt';
import { isRequired, isZero, NOT_UTF8, type RowSource, rowFinisher } from './row-source';
import { localTimes } from './time-zone';
import { TIMESTAMPTZ } from './times';

/** A source of rows for CSV with the given fields. */
export function csvSource(options: ResolvedOptions, header: readonly string[]): RowSource {
  const scanner = new CsvScanner(options.delimiter);
  const melted = meltedFields(options, header);
  const columns = filledColumns(
    options,
    header.filter((_, at) => !melted?.some((cell) => cell.at === at)),
  );
  requireFilled(options, columns, header);
  const values = columns.map(({ source }) =>
    'field' in source ? { at: header.indexOf(source.field) } : source,
  );
  const finish = rowFinisher(options, columns);
  const rawColumns = rawColumnsOf(options, columns, header);
  return {
    scanner,
    columns,
    rawColumns,
    width: melted?.length ?? 1,
    ...(melted && {
      cells: () =>
        scanner.fault !== undefined || scanner.fields !== header.length
          ? WHOLE_RECORD
          : melted.filter(({ at }) => scanner.quoted[at] || scanner.starts[at] !== scanner.ends[at]),
    }),
    ignored: (rows) => ignoredFields(columns, header, melted).map((field) => ({ field, rows })),
    ...(rawColumns === undefined ? NOTHING_CERTAIN : certainTimes(options, scanner, rawColumns)),
    texts(bytes, from, cell) {
      if (!isUtf8(bytes.subarray(from, scanner.end))) return NOT_UTF8;
      if (scanner.fault !== undefined) return { reason: scanner.fault };
      if (scanner.fields !== header.length)
        return { reason: wrongCount(scanner.fields, header.length, scanner.text(bytes, header.length)) };
      const textOf = (value: (typeof values)[number]): string | null => {
        if ('at' in value) return scanner.text(bytes, value.at);
        if ('constant' in value) return value.constant;
        if (cell === undefined) return null;
        return value.melted === 'name' ? cell.name : scanner.text(bytes, cell.at);
      };
      return finish(values.map(textOf));
    },
  };
}

function wrongCount(fields: number, columns: number, next: string | null): string {
  const reason = `the row has ${counted(fields, 'field')}, and there ${wordFor(columns, 'is', 'are')} ${counted(columns, 'column')}`;
  return fields === columns + 1 && next === null ? `${reason}; the line ends with a delimiter` : reason;
}

function ignoredFields(
  columns: readonly FilledColumn[],
  header: readonly string[],
  melted: readonly Cell[] = [],
): readonly string[] {
  const used = new Set([
    ...columns.flatMap(({ source }) => ('field' in source ? [source.field] : [])),
    ...melted.map(({ field }) => field),
  ]);
  return header.flatMap((field, at) =>
    used.has(field) ? [] : [field.trim() === '' ? `field ${at + 1}, which has no name` : field],
  );
}

// Every row would be refused for the same reason, so the command says it once and reads nothing.
function requireFilled(
  { file, table }: ResolvedOptions,
  columns: readonly FilledColumn[],
  header: readonly string[],
): void {
  const filled = new Set<string>(columns.map(({ name }) => name));
  const bare = table.columnNames.filter((name) => isRequired(columnOf(table, name)) && !filled.has(name));
  if (bare.length > 0)
    throw new UsageError(
      `nothing fills ${bare.join(', ')} of ${table.name}, which must not be null; name the field with --map ${bare[0]}=field or a value with --set ${bare[0]}=value (the header is ${header.join(', ')})`,
    );
  const used = columns.flatMap(({ source }) => ('field' in source ? [source.field] : []));
  const twice = used.find((field) => header.indexOf(field) !== header.lastIndexOf(field));
  if (twice !== undefined)
    throw new UsageError(
      `${file} has two fields ${twice}, so it is unknown which one is meant; rename one of them`,
    );
}

// The server can read the bytes as they are when each field fills one column and nothing is converted or added.
function rawColumnsOf(
  { timeFormat, timeFormats, decimal, shift }: ResolvedOptions,
  columns: readonly FilledColumn[],
  header: readonly string[],
): readonly FilledColumn[] | undefined {
  const filledBy = (field: string) =>
    columns.filter(({ source }) => 'field' in source && source.field === field);
  const raw = header.map(filledBy);
  const isPlain =
    timeFormat === 'iso' &&
    timeFormats === undefined &&
    decimal !== ',' &&
    isZero(shift) &&
    raw.every(({ length }) => length === 1) &&
    raw.length === columns.length;
  return isPlain ? raw.flat() : undefined;
}

/** The longest text of a time that is kept for the next record. */
const LONGEST_KNOWN = 40;

/** Whether the bytes from `start` are the known ones. Times differ at their ends most often. */
function isSame(known: Buffer, bytes: Buffer, start: number, length: number): boolean {
  for (let at = length - 1; at >= 0; at -= 1) if (known[at] !== bytes[start + at]) return false;
  return true;
}

const NOTHING_CERTAIN = { certainTime: () => Number.NaN, hadLocalTimes: () => false };

/** Makes the functions about the times of records whose values are all certainly valid. The first one runs for each record of a file. */
function certainTimes(
  { table, zone, repeatedTimes }: ResolvedOptions,
  scanner: CsvScanner,
  columns: readonly FilledColumn[],
): Pick<RowSource, 'certainTime' | 'hadLocalTimes'> {
  const isUtc = zone === 'UTC';
  const isTime: CertainCheck = (bytes, start, end) => !Number.isNaN(certainTime(bytes, start, end, isUtc));
  const checks = columns.map(({ column: { type } }) =>
    type === TIMESTAMPTZ ? isTime : certainCheckOf(type),
  );
  const keys = seriesKeys(table);
  const isKey = columns.map(({ name }) => keys.has(name));
  const nullable = columns.map(({ column }) => column.nullable);
  const timeAt = columns.findIndex(({ name }) => name === table.time);
  const local = localTimes(zone, repeatedTimes ?? 'refuse');
  let sawLocal = false;
  const newTime = (bytes: Buffer, start: number, end: number): number => {
    const time = certainTime(bytes, start, end, true);
    if (isUtc || Number.isNaN(time)) return time;
    const fixed = certainTime(bytes, start, end, false);
    if (!Number.isNaN(fixed)) return fixed;
    const offset = local.offsetAt(time / 1_000);
    if (offset === undefined) return Number.NaN;
    sawLocal = true;
    return time - offset * 1_000;
  };
  // Records of several series often have the time of the record before. Local times are read each time, because each batch notes them.
  const known = Buffer.alloc(LONGEST_KNOWN);
  let knownLength = -1;
  let knownTime = Number.NaN;
  const timeOf = (bytes: Buffer, start: number, end: number): number => {
    const length = end - start;
    if (length === knownLength && isSame(known, bytes, start, length)) return knownTime;
    const time = newTime(bytes, start, end);
    knownLength = isUtc && length <= LONGEST_KNOWN ? length : -1;
    if (knownLength !== -1) bytes.copy(known, 0, start, end);
    knownTime = time;
    return time;
  };
  const recordTime = (bytes: Buffer): number => {
    const { starts, ends, quoted, fields } = scanner;
    if (scanner.fault !== undefined || fields !== checks.length) return Number.NaN;
    for (let field = 0; field < fields; field += 1) {
      if (field === timeAt) continue;
      const start = starts[field] as number;
      const end = ends[field] as number;
      if (start === end && !quoted[field]) {
        if (!nullable[field]) return Number.NaN;
      } else if (!checks[field]?.(bytes, start, end)) return Number.NaN;
      if (isKey[field] && !certainSeriesKey(bytes, start, end)) return Number.NaN;
    }
    return timeOf(bytes, starts[timeAt] as number, ends[timeAt] as number);
  };
  const hadLocalTimes = (): boolean => {
    const had = sawLocal;
    sawLocal = false;
    return had;
  };
  return { certainTime: recordTime, hadLocalTimes };
}
