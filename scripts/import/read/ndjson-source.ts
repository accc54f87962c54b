// Reads rows from JSON objects, one on each line.
import { isUtf8 } from 'node:buffer';
import { converterOf } from '../../../api/database/converters';
import { parseJson } from '../../../db/core/exact-json';
import type { IgnoredField, ImportOptions, ValueSource } from '../options';
import { LineScanner } from './line-scanner';
import { type FilledColumn, filledColumns } from './mapping';
import { NOT_UTF8, type RowSource, rowFinisher } from './row-source';
import { isTimeType } from './times';

/** A source of rows for NDJSON. Every column may come from the member of its name. */
export function ndjsonSource(options: ImportOptions): RowSource {
  const { table, mapping } = options;
  const scanner = new LineScanner();
  const mapped = Object.values(mapping).flatMap((source) => ('field' in source ? [source.field] : []));
  const unmapped = table.columnNames.filter((name) => !(name in mapping));
  const columns = filledColumns(options, [...unmapped, ...mapped]);
  const readers = columns.map(({ name, column: { type }, source }) => ({
    name,
    source,
    convert: memberConverter(type),
  }));
  const finish = rowFinisher(options, columns);
  const ignored = ignoredMembers(columns);
  return {
    scanner,
    columns,
    rawColumns: undefined,
    width: 1,
    ignored: ignored.list,
    certainTime: () => Number.NaN,
    hadLocalTimes: () => false,
    texts(bytes, from) {
      const line = bytes.subarray(from, scanner.end);
      if (!isUtf8(line)) return NOT_UTF8;
      let value: unknown;
      try {
        value = parseJson(line.toString());
      } catch (error) {
        return { reason: `the line is not valid JSON: ${(error as Error).message.slice(0, 200)}` };
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return { reason: 'the line is not a JSON object' };
      ignored.count(value);
      const texts: (string | null)[] = [];
      for (const { name, source, convert } of readers) {
        const text = 'field' in source ? convert(memberOf(value, source.field)) : constantOf(source);
        if (typeof text === 'object' && text !== null) return { reason: `${name} ${text.reason}` };
        texts.push(text);
      }
      return finish(texts);
    },
  };
}

/** More different names are not counted, because a file may have any number of them. */
const MOST_NAMES = 100;

function ignoredMembers(columns: readonly FilledColumn[]) {
  const used = new Set(columns.flatMap(({ source }) => ('field' in source ? [source.field] : [])));
  const rows = new Map<string, number>();
  return {
    count(row: object): void {
      for (const field of Object.keys(row)) {
        if (used.has(field) || (rows.size === MOST_NAMES && !rows.has(field))) continue;
        rows.set(field, (rows.get(field) ?? 0) + 1);
      }
    },
    list: (): readonly IgnoredField[] => Array.from(rows, ([field, count]) => ({ field, rows: count })),
  };
}

const constantOf = (source: ValueSource): string | null => ('constant' in source ? source.constant : null);

const memberOf = (value: object, field: string): unknown =>
  Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;

// Times and dates are read as those of CSV are: in the format and the zone that the flags name.
function memberConverter(type: string) {
  const convert = converterOf(type);
  const isTime = isTimeType(type);
  return (member: unknown) => {
    if (member === null || member === undefined) return null;
    const isText = isTime && (typeof member === 'string' || typeof member === 'number');
    return isText ? String(member) : convert(member);
  };
}
