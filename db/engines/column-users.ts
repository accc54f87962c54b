// Finds out which views read which columns, from the dependencies in the catalog.

/** Joins the columns of tables (`n`.`c`.`a`) with the views that read them (`vn`.`v`); it belongs after FROM. */
export const COLUMN_VIEWS = `
  pg_depend d
  JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class v ON v.oid = r.ev_class
  JOIN pg_namespace vn ON vn.oid = v.relnamespace
  JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid AND c.oid <> v.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0`;

/** The users of each column; the order of the rows is kept. */
export function usersByColumn(
  rows: readonly { readonly column: string; readonly user: string }[],
): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { column, user } of rows) users.set(column, [...(users.get(column) ?? []), user]);
  return users;
}
