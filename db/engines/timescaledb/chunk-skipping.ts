// Kind: chunk skipping: ranges of other columns than time, kept per converted chunk so that queries pass chunks over.
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
    // The row without a chunk says that the column is watched; each converted chunk adds one of its own.
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
      // Off by default in the server, and needed only while the setting is made.
      'SET LOCAL timescaledb.enable_chunk_skipping = on',
      `SELECT public.${verb}_chunk_skipping(${literal(relation(table))}::regclass, ${literal(column)})`,
    ],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}
