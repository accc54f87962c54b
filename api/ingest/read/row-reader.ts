// Checks rows against the declared columns of a table and reads their values.
import { invocation } from '../../../db/core/invocation';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { faultOfSeriesKey, seriesKeys } from '../../../db/language/series-keys';
import type { Cell } from '../../../db/server/copy-binary';
import { shown } from '../../database/converters';
import { instantOf } from '../../http/time';
import { type CheckedRow, chunkSpanMs, type RejectedRow, type SentRow } from '../rows';
import { type CellReader, cellReaderOf } from './cells';

const YEAR_MS = 365.25 * 86_400_000;
/** Rows further from now are refused, because each new chunk is a table. */
const FURTHEST_YEARS = 10;
/** Most different chunks that the rows of one request may need. */
const MOST_CHUNKS = 400;

/** A row that passed the check, or one that did not; `crowded` = only because the rows before it need too many chunks. */
export type ReadRow =
  | { readonly row: CheckedRow }
  | { readonly rejected: RejectedRow; readonly crowded?: boolean };

/** Reads the rows of one request; each may have a time of receipt of its own, in milliseconds. */
export type RowReader = (sent: SentRow, receivedAt?: number) => ReadRow;

interface ColumnReader {
  readonly name: string;
  readonly column: Column;
  readonly read: CellReader;
  /** Whether its texts name series. */
  readonly isKey: boolean;
  /** Whether every object has a member of its name, such as `constructor`. */
  readonly isInherited: boolean;
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
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain = prototype === Object.prototype || prototype === null;
    // An array that grows takes three times the memory.
    const cells = new Array<Cell | undefined>(readers.length);
    let fault: string | undefined;
    let known = 0;
    for (let place = 0; place < readers.length; place += 1) {
      const reader = readers[place] as ColumnReader;
      const { name } = reader;
      const isOwn = (isPlain && !reader.isInherited) || Object.hasOwn(value, name);
      const given = isOwn ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
      if (given !== undefined) known += 1;
      const cell = readCell(reader, given);
      if (typeof cell === 'object' && cell !== null) {
        fault = `${name} ${cell.reason}`;
        break;
      }
      cells[place] = cell;
    }
    if (fault !== undefined || known !== memberCount(value)) {
      const unknown = Object.keys(value).find((name) => !names.has(name));
      if (unknown !== undefined)
        return rejected(
          sent,
          `there is no column ${shown(unknown)}; the columns are ${table.columnNames.join(', ')}`,
        );
      if (fault !== undefined) return rejected(sent, fault);
    }
    // Only a time with a default can be absent here.
    const time = cells[timeIndex] ?? receivedAt * 1_000;
    cells[timeIndex] = time;
    // A time that is a text is far away.
    const at = typeof time === 'number' ? time : Number(instantOf(time));
    const ms = Math.floor(at / 1_000_000) * 1_000;
    if (Math.abs(ms - now) > FURTHEST_YEARS * YEAR_MS)
      return rejected(
        sent,
        `${table.time} is more than ${FURTHEST_YEARS} years away from now; check the year and the unit of the time, or use "${invocation('import')}" for history`,
      );
    const half = Math.floor(ms / span);
    if (!spans.has(half) && spans.size >= 2 * MOST_CHUNKS)
      return {
        ...rejected(
          sent,
          `the rows before it already need ${MOST_CHUNKS} chunks of ${table.chunkInterval}; send rows whose times are closer together`,
        ),
        crowded: true,
      };
    spans.add(half);
    return { row: { line: sent.line, source: sent.source, cells, at, span: half, owner: 0 } };
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
      return {
        name,
        column,
        read: cellReaderOf(column.type),
        isKey: keys.has(name),
        isInherited: name in Object.prototype,
      };
    });
    known.set(table, readers);
  }
  return readers;
}

function memberCount(value: object): number {
  let count = 0;
  for (const _name in value) count += 1;
  return count;
}

function readCell({ column, read, isKey }: ColumnReader, value: unknown) {
  if (value === undefined) {
    if (column.defaultSql !== undefined) return undefined;
    return column.nullable ? null : { reason: 'is missing' };
  }
  if (value === null) return column.nullable ? null : { reason: 'must not be null' };
  const cell = read(value);
  const reason = isKey && typeof cell === 'string' ? faultOfSeriesKey(cell) : undefined;
  return reason === undefined ? cell : { reason };
}
