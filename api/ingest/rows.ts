// The rows of a request on their way into the database.
import { writeJson } from '../../db/core/exact-json';
import type { Hypertable } from '../../db/language/hypertable';
import { approximateMicroseconds, parseDuration } from '../../db/language/interval';
import type { Cell } from '../../db/server/copy-binary';
import type { Watched } from '../alerts/alert-tables';
import type { SeriesTable } from '../database/tables';
import type { MessageRow } from '../streams/message';
import { letterOf } from '../streams/message-letter';
import type { Precision } from './points/line-protocol';

/** A table that rows are written to. */
export interface IngestTable extends SeriesTable {
  /** Set when readings of the table can raise alerts. */
  readonly watched: Watched | undefined;
}

/** A row as it was sent: a value to read, or why there is none. */
export interface SentRow {
  /** 1-based: line of the body, or place in the array. */
  readonly line: number;
  /** The line as it was sent; otherwise the value itself, or the point. */
  readonly source: unknown;
  readonly value?: unknown;
  readonly reason?: string;
}

/** A row that fits the declared table. */
export interface CheckedRow {
  readonly line: number;
  readonly source: unknown;
  /** Values in the order of the declared columns; undefined where the default applies. */
  readonly cells: readonly (Cell | undefined)[];
  /** Its time, in microseconds since 1970. */
  readonly at: number;
  /** Number of the half chunk that it lies in, see `chunkSpanMs`. */
  readonly span: number;
  /** Which batch of a shared transaction it belongs to; 0 in a transaction with one batch. */
  readonly owner: number;
}

/** A row that was rejected, by a check or by the database. */
export interface RejectedRow {
  readonly line: number;
  readonly source: unknown;
  readonly reason: string;
  /** As of a checked row. */
  readonly owner: number;
}

/** Half a chunk: two rows of one span lie in the same chunk or in two adjacent ones. */
export function chunkSpanMs(table: Hypertable): number {
  return Number(approximateMicroseconds(parseDuration(table.chunkInterval))) / 2_000;
}

/** Rows of one table, and those that were rejected. */
export interface TableRows {
  /** Public name of the table; or the name of points that no table takes. */
  readonly name: string;
  /** Undefined when no table takes the rows: then all of them are rejected. */
  readonly table: IngestTable | undefined;
  readonly rows: readonly CheckedRow[];
  /** Rows that did not pass the check. */
  readonly rejected: readonly RejectedRow[];
}

/**
 * How rows are written in a body; dead letters carry the name, so that they can be read again. A `point` is one as JSON; a `message` is
 * one of a broker, and its rows have a `MessageRow` as their source.
 */
export type RowFormat = 'json' | 'ndjson' | 'point' | 'message' | `line-protocol-${Precision}`;

/** The format of a row by itself: a part of a line is a point. */
export const formatOfRow = (format: RowFormat, source: unknown): RowFormat =>
  typeof source === 'string' || format === 'json' || format === 'message' ? format : 'point';

/** A rejected row as text, for its sender to correct. */
export function originalOf(format: RowFormat, source: unknown): string {
  if (typeof source === 'string' && format !== 'json') return source;
  try {
    return format === 'message' ? letterOf(source as MessageRow) : writeJson(source);
  } catch {
    return TOO_DEEP;
  }
}

const TOO_DEEP = 'a value that is nested too deep to be shown';

/** Longest original that is kept; a longer one is kept in part, and cannot be replayed. */
const LONGEST_KEPT = 65_536;

/** A rejected row as it is kept, and whether that is exactly what was sent. */
export function keptOriginal(format: RowFormat, source: unknown): { text: string; isExact: boolean } {
  const original = originalOf(format, source);
  const text = keepable(original.slice(0, LONGEST_KEPT));
  return {
    text,
    isExact: text === original && (typeof source === 'string' || survives(format, source, original)),
  };
}

// The values of messages have no infinite numbers.
const survives = (format: RowFormat, source: unknown, original: string): boolean =>
  original !== TOO_DEEP && (format === 'message' || isFiniteThroughout(source));

/** JSON has no infinite numbers and writes them as null. */
function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFiniteThroughout);
}

/** A text that PostgreSQL can keep: NUL and lone surrogates become U+FFFD. */
export const keepable = (text: string): string => text.replace(/\0|[\uD800-\uDFFF]/gu, '\uFFFD');

const LONGEST_SHOWN = 1_000;

/** A rejected row as answers list it; a long original is cut. */
export function shownRejection(format: RowFormat, { line, reason, source }: RejectedRow) {
  const original = originalOf(format, source);
  return {
    line,
    reason: keepable(reason),
    original: keepable(original.length > LONGEST_SHOWN ? `${original.slice(0, LONGEST_SHOWN)}…` : original),
  };
}
