// Reads rows from JSON objects, one on each line.
import { isUtf8 } from 'node:buffer';
import { converterOf } from '../../../api/database/converters';
import { parseJson } from '../../../db/core/exact-json';
import type { ImportOptions } from '../options';
import { LineScanner } from './line-scanner';
import { filledColumns } from './mapping';
import { NOT_UTF8, type RowSource, rowFinisher } from './row-source';

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
  return {
    scanner,
    columns,
    rawColumns: undefined,
    certainTime: () => Number.NaN,
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
      const texts: (string | null)[] = [];
      for (const { name, source, convert } of readers) {
        const text = 'constant' in source ? source.constant : convert(memberOf(value, source.field));
        if (typeof text === 'object' && text !== null) return { reason: `${name} ${text.reason}` };
        texts.push(text);
      }
      return finish(texts);
    },
  };
}

const memberOf = (value: object, field: string): unknown =>
  Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;

// The server reads times, because they may lack a zone; numbers are read as --time-format says.
function memberConverter(type: string) {
  const convert = converterOf(type);
  const isTime = type === 'timestamp with time zone';
  return (member: unknown) => {
    if (member === null || member === undefined) return null;
    const isText = isTime && (typeof member === 'string' || typeof member === 'number');
    return isText ? String(member) : convert(member);
  };
}
