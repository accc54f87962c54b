// Kind: chunk skipping. The server keeps the ranges of more columns than time for each converted chunk, so that queries skip chunks.
import { literal, relation } from '../../core/sql';
import type { Hypertable } from '../../language/hypertable';
import { nameOf } from '../../language/names';
import type { Kind, Step } from '../../model';
import { hasTimescaledb } from '../../server/server-info';

interface SkippingState {
  readonly table: string;
  readonly column: string;
}

export const chunkSkipping: Kind<readonly SkippingState[]> = {
  name: 'chunk-skipping',
  async read(db, desired) {
    if (!(await hasTimescaledb(db))) return [];
    // The row without a chunk means that skipping is enabled for the column; each converted chunk adds another row.
    const { rows } = await db.query<SkippingState>(
      `SELECT format('%s.%s', h.schema_name, h.table_name) AS table, s.column_name::text AS column
         FROM _timescaledb_catalog.chunk_column_stats s JOIN _timescaledb_catalog.hypertable h ON h.id = s.hypertable_id
        WHERE s.chunk_id IS NULL AND format('%s.%s', h.schema_name, h.table_name) = ANY ($1) ORDER BY 1, 2`,
      [desired.hypertables.map(nameOf)],
    );
    return rows;
  },
  compare(desired, actual) {
    const steps = desired.hypertables.flatMap((table) => {
      const declared = table.chunkSkipping ?? [];
      const present = actual.filter((state) => state.table === nameOf(table)).map(({ column }) => column);
      return [
        ...declared
          .filter((column) => !present.includes(column))
          .map((column) => toggle(table, column, 'enable')),
        ...present
          .filter((column) => !declared.includes(column))
          .map((column) => toggle(table, column, 'disable')),
      ];
    });
    return { steps };
  },
};

function toggle(table: Hypertable, column: string, verb: 'enable' | 'disable'): Step {
  return {
    id: `${verb}-chunk-skipping:${nameOf(table)}.${column}`,
    object: nameOf(table),
    action: verb === 'enable' ? 'create' : 'drop',
    summary:
      verb === 'enable'
        ? `skip chunks by ${column}, from the next conversion on`
        : `stop skipping chunks by ${column}`,
    sql: [
      // This server setting is off by default, and only needed while skipping is enabled.
      'SET LOCAL timescaledb.enable_chunk_skipping = on',
      `SELECT public.${verb}_chunk_skipping(${literal(relation(table))}::regclass, ${literal(column)})`,
    ],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}
