// Writes SQL with bound values: the text depends on the request but never contains what a client wrote.
import type { TimeRange } from '../http/range';

/** A query with its values. */
export interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

/** Takes a value and returns the placeholder that stands for it, cast to the type. */
export type Bind = (value: unknown, type: string) => string;

/** Writes a query whose values are collected by `bind`. */
export function statement(write: (bind: Bind) => string): Statement {
  const values: unknown[] = [];
  const sql = write((value, type) => `$${values.push(value)}::${type}`);
  return { sql, values };
}

/** The ends of a range as SQL expressions; no `end` = now, and rows from the future too. */
export function rangeBounds(
  { from, to }: TimeRange,
  bind: Bind,
): { readonly start: string; readonly end: string | undefined } {
  const end = to === undefined ? undefined : bind(to, 'timestamptz');
  const start =
    'time' in from ? bind(from.time, 'timestamptz') : `${end ?? 'now()'} - ${bind(from.back, 'interval')}`;
  return { start, end };
}
