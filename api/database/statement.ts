// Writes SQL with bound values: the text depends on the request but never contains what a client wrote.

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
