// What columns need to know of plain PostgreSQL.
import type { ColumnDialect } from '../../kinds/columns/difference';
import { COLUMN_VIEWS, usersByColumn } from '../column-users';
import type { EmulatingEngine } from './aggregate-sql';
import { hasRuntime } from './runtime';

// The server stores a refresh query only as text, so the catalog does not know its columns. They are quoted in the text.
const REFRESH_QUERIES = `
  UNION
  SELECT format('%s.%s.%s', n.nspname, c.relname, a.attname), format('%s.%s', g.schema_name, g.view_name)
    FROM tsdb.continuous_aggregate g
    JOIN pg_namespace n ON n.nspname = g.source_schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = g.source_name
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND position(format('"%s"', a.attname) IN g.refresh_query) > 0`;

export const emulatedColumns = (engine: EmulatingEngine): ColumnDialect => ({
  engine,
  async readUsers(db, tables) {
    const { rows } = await db.query<{ column: string; user: string }>(
      `SELECT format('%s.%s.%s', n.nspname, c.relname, a.attname) AS column, format('%s.%s', vn.nspname, v.relname) AS user
         FROM ${COLUMN_VIEWS} WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1)
       ${(await hasRuntime(db)) ? REFRESH_QUERIES : ''} ORDER BY 1, 2`,
      [tables],
    );
    return usersByColumn(rows);
  },
});
