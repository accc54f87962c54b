// Rows of a program as lines of NDJSON: all sinks use this form, so that a row means the same wherever it is sent.
import { messageOf } from '../../db/core/errors';
import type { Hypertable } from '../../db/language/hypertable';
import { rowReader } from '../ingest/read/row-reader';
import type { CheckedRow } from '../ingest/rows';
import type { Rejected } from './sink';

/** A row by the names of its columns: JSON values, or a Date for a time and a bigint for a whole number beyond 2^53. */
export type SentValues = Readonly<Record<string, unknown>>;

/** Rows of a batch, checked against the declared table. */
export interface CheckedRows<R> {
  /** Rows that the table takes; `line` is the place in `lines` and `sent`, from 1. */
  readonly rows: readonly CheckedRow[];
  readonly lines: readonly string[];
  /** The row of the program for each line. */
  readonly sent: readonly R[];
  readonly rejected: readonly Rejected<R>[];
}

/** Checks rows at `now`, in milliseconds. Rejected rows have no line. */
export function checkedRows<R extends SentValues>(
  table: Hypertable,
  given: readonly R[],
  now: number,
): CheckedRows<R> {
  const read = rowReader(table, now);
  const rows: CheckedRow[] = [];
  const lines: string[] = [];
  const sent: R[] = [];
  const rejected: Rejected<R>[] = [];
  for (const row of given) {
    const result = readOne(row);
    if ('reason' in result) rejected.push({ row, reason: result.reason });
    else {
      lines.push(result.text);
      sent.push(row);
      rows.push({ ...result.row, line: lines.length });
    }
  }
  return { rows, lines, sent, rejected };

  function readOne(
    row: R,
  ): { readonly row: CheckedRow; readonly text: string } | { readonly reason: string } {
    let text: string | undefined;
    try {
      text = JSON.stringify(row, exactly);
    } catch (error) {
      return { reason: messageOf(error) };
    }
    if (text === undefined) return { reason: 'it is not a row' };
    // Not read exactly: what is beyond 2^53 has been rounded by the program, so no column of whole numbers takes it.
    const result = read({ line: 1, source: text, value: JSON.parse(text) });
    return 'row' in result ? { row: result.row, text } : { reason: result.rejected.reason };
  }
}

// JSON cannot express these values and would silently write null instead.
function exactly(this: unknown, name: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[name];
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`${name} must be a finite number, got ${value}`);
  if (value === null && original !== null) throw new Error(`${name} is not a valid time`);
  return value;
}
