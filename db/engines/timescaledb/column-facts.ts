// What columns need to know of TimescaleDB.
import { literal } from '../../core/sql';
import type { ColumnDialect } from '../../kinds/columns/difference';
import { nameOf } from '../../language/names';
import { hasTimescaledb } from '../../server/server-info';
import { readChunkImpact } from '../../server/table-size';
import { COLUMN_VIEWS, usersByColumn } from '../column-users';
import { rebuildStep } from './columnstore-conversion';
import { frozenWarning, readFrozen } from './frozen-chunks';

const KEEPS = 'keeps the values of added columns only beside its rows, where some commands lose them';

export const timescaleColumns: ColumnDialect = {
  engine: 'timescaledb',
  async readUsers(db, tables) {
    if (!(await hasTimescaledb(db))) return new Map();
    // An aggregate reads its source through internal views, so these are replaced by the name of the aggregate.
    const { rows } = await db.query<{ column: string; user: string }>(
      `SELECT DISTINCT format('%s.%s.%s', n.nspname, c.relname, a.attname) AS column,
              format('%s.%s', coalesce(g.user_view_schema, vn.nspname), coalesce(g.user_view_name, v.relname)) AS user
         FROM ${COLUMN_VIEWS}
         LEFT JOIN _timescaledb_catalog.continuous_agg g
                ON (vn.nspname, v.relname) IN ((g.partial_view_schema, g.partial_view_name), (g.direct_view_schema, g.direct_view_name))
        WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1, 2`,
      [tables],
    );
    return usersByColumn(rows);
  },
  rebuild: {
    async readPending(db) {
      const { rows: present } = await db.query<{ present: boolean }>(
        `SELECT to_regclass('tsdb.pending_rebuild') IS NOT NULL AND EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS present`,
      );
      if (!present[0]?.present) return { impact: new Map(), warnings: [] };
      // A chunk that was dropped or turned into rows in the meantime needs no conversion any more.
      const { rows } = await db.query<{ chunk: string; relation: string }>(
        `SELECT p.chunk, p.relation FROM tsdb.pending_rebuild p
           JOIN timescaledb_information.chunks k ON format('%I.%I', k.chunk_schema, k.chunk_name) = p.chunk AND k.is_compressed ORDER BY 1`,
      );
      const frozen = await readFrozen(
        db,
        rows.map(({ chunk }) => chunk),
      );
      return {
        impact: await readChunkImpact(
          db,
          'timescaledb',
          rows.map(({ chunk }) => chunk).filter((chunk) => !frozen.has(chunk)),
        ),
        warnings: rows
          .filter(({ chunk }) => frozen.has(chunk))
          .map(({ relation, chunk }) => frozenWarning(relation, chunk, KEEPS)),
      };
    },
    note: (table) =>
      `INSERT INTO tsdb.pending_rebuild (chunk, relation) SELECT format('%I.%I', chunk_schema, chunk_name), ${literal(nameOf(table))} FROM timescaledb_information.chunks WHERE (hypertable_schema, hypertable_name) = (${literal(table.schema)}, ${literal(table.name)}) AND is_compressed ON CONFLICT DO NOTHING`,
    step: rebuildStep,
  },
};
