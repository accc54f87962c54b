// Renders a declared index as SQL.
import { ident } from '../core/sql';
import type { Index } from '../language/indexes';

/** `btree ("sensor_id", "time" DESC) WHERE …`: the part of CREATE INDEX after USING. */
export function indexSql({ method, keys, where }: Index): string {
  const columns = keys.map((item) =>
    'expression' in item ? `(${item.expression})` : `${ident(item.column)}${item.descending ? ' DESC' : ''}`,
  );
  return `${method} (${columns.join(', ')})${where === undefined ? '' : ` WHERE ${where}`}`;
}
