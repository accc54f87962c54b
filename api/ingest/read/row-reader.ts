// Checks rows against the declared columns of a table and converts them to COPY texts.
import { invocation } from '../../../db/core/invocation';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { faultOfSeriesKey, seriesKeys } from '../../../db/language/series-keys';
import { type Converter, converterOf, shown } from '../../database/converters';
import { type CheckedRow, chunkSpanMs, type RejectedRow, type SentRow } from '../rows';

const YEAR_MS = 365.25 * 86_400_000;
/** Rows further from now are refused, because each new chunk is a table. */
const FURTHEST_YEARS = 10;
/** Most different chunks that the rows of one request may need. */
const MOST_CHUNKS = 400;

/** A row that passed the check, or one that did not. */
export type ReadRow = { readonly row: CheckedRow } | { readonly rejected: RejectedRow };

/** Reads the rows of one request; each may have a time of receipt of its own, in milliseconds. */
export type RowReader = (sent: SentRow, receivedAt?: number) => ReadRow;

interface ColumnReader {
  readonly name: string;
  readonly column: Column;
  readonly convert: Converter;
  /** Whether its texts name series. */
  readonly isKey: boolean;
}

/** A reader for rows of the table. `now` (milliseconds) is also the time of rows that may leave out their time. */
export function rowReader(table: Hypertable, now: number): RowReader {
  const readers = columnReaders(table);
  const names: ReadonlySet<string> = new Set(table.columnNames);
  const span = chunkSpanMs(table);
  const spans = new Set<number>();
  const timeIndex = table.columnNames.indexOf(table.time);

  return (sent, receivedAt = now) => {
    if (sent.reason !== undefined) return rejected(sent, sent.reason);
    const { value } = sent;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return rejected(sent, `a row must be an object of columns, got ${shown(value)}`);
    const unknown = Object.keys(value).find((name) => !names.has(name));
    if (unknown !== undefined)
      return rejected(
        sent,
        `there is no column ${shown(unknown)}; the columns are ${table.columnNames.join(', ')}`,
      );
    const texts: (string | null | undefined)[] = [];
    for (const reader of readers) {
      const text = columnText(reader, value as Readonly<Record<string, unknown>>);
      if (typeof text === 'object' && text !== null) return rejected(sent, `${reader.name} ${text.reason}`);
      texts.push(text);
    }
    // Only a time with a default can be absent here.
    const time = texts[timeIndex] ?? new Date(receivedAt).toISOString();
    texts[timeIndex] = time;
    const ms = Date.parse(`${time.slice(0, 19)}Z`);
    if (Math.abs(ms - now) > FURTHEST_YEARS * YEAR_MS)
      return rejected(
        sent,
        `${table.time} is more than ${FURTHEST_YEARS} years away from now; check the year and the unit of the time, or use "${invocation('import')}" for history`,
      );
    const at = Math.floor(ms / span);
    if (!spans.has(at) && spans.size >= 2 * MOST_CHUNKS)
      return rejected(
        sent,
        `the rows before it already need ${MOST_CHUNKS} chunks of ${table.chunkInterval}; send rows whose times are closer together`,
      );
    spans.add(at);
    return { row: { line: sent.line, source: sent.source, texts, time, span: at, owner: 0 } };
  };
}

const rejected = ({ line, source }: SentRow, reason: string): ReadRow => ({
  rejected: { line, source, reason, owner: 0 },
});

const known = new WeakMap<Hypertable, readonly ColumnReader[]>();

function columnReaders(table: Hypertable): readonly ColumnReader[] {
  let readers = known.get(table);
  if (!readers) {
    const keys = seriesKeys(table);
    readers = table.columnNames.map((name) => {
      const column = (table.columns as Readonly<Record<string, Column>>)[name] as Column;
      return { name, column, convert: converterOf(column.type), isKey: keys.has(name) };
    });
    known.set(table, readers);
  }
  return readers;
}

function columnText({ name, column, convert, isKey }: ColumnReader, row: Readonly<Record<string, unknown>>) {
  const value = Object.hasOwn(row, name) ? row[name] : undefined;
  if (value === undefined) {
    if (column.defaultSql !== undefined) return undefined;
    return column.nullable ? null : { reason: 'is missing' };
  }
  if (value === null) return column.nullable ? null : { reason: 'must not be null' };
  const text = convert(value);
  const reason = isKey && typeof text === 'string' ? faultOfSeriesKey(text) : undefined;
  return reason === undefined ? text : { reason };
}
