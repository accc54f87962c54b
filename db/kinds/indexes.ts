// Kind: indexes of hypertables, compared by their keys, not by their names.
import { type Hypertable, type Index, nameOf, type SortKey } from '../define';
import type { Kind, Step } from '../model';
import { ident, relation } from '../sql';

interface IndexState {
  readonly table: string;
  readonly name: string;
  /** Key columns in order, `-` before a descending one; null for an expression. */
  readonly keys: readonly (string | null)[];
  /** Unique, partial, or belonging to a constraint: never taken for a declared plain index. */
  readonly special: boolean;
  readonly valid: boolean;
  readonly rowsPresent: boolean;
}

export const indexes: Kind<readonly IndexState[]> = {
  name: 'indexes',
  async read(db, desired) {
    // pg_inherits: an index that belongs to a chunk is the parent's business.
    const { rows } = await db.query<IndexState>(
      `SELECT format('%s.%s', n.nspname, t.relname) AS table, i.relname::text AS name,
              ARRAY(SELECT CASE WHEN (x.indoption[k - 1] & 1) = 1 THEN '-' ELSE '' END || a.attname
                      FROM generate_series(1, x.indnkeyatts) k
                      LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k - 1] AND a.attnum > 0
                     ORDER BY k)::text[] AS keys,
              x.indisunique OR x.indpred IS NOT NULL AS special,
              x.indisvalid AS valid,
              EXISTS (SELECT FROM pg_inherits h JOIN pg_class ch ON ch.oid = h.inhrelid
                       WHERE h.inhparent = t.oid AND pg_relation_size(ch.oid) > 0) AS "rowsPresent"
         FROM pg_index x
         JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_class t ON t.oid = x.indrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE format('%s.%s', n.nspname, t.relname) = ANY ($1)
        ORDER BY 1, 2`,
      [desired.hypertables.map(nameOf)],
    );
    return rows;
  },
  compare(desired, actual) {
    const steps: Step[] = [];
    const undeclared: string[] = [];
    for (const table of desired.hypertables) {
      const present = actual.filter((state) => state.table === nameOf(table));
      const missing = table.indexes.filter((index) => !present.some((state) => serves(state, index)));
      steps.push(...missing.map((index) => createIndex(table, index, present)));
      const extra = present.filter((state) => !table.indexes.some((index) => serves(state, index)));
      undeclared.push(...extra.map((state) => `index ${state.name} of ${state.table}`));
    }
    return { steps, undeclared };
  },
};

const keyText = ({ column, descending }: SortKey): string => `${descending ? '-' : ''}${column}`;

function serves(state: IndexState, index: Index): boolean {
  return (
    !state.special &&
    state.valid &&
    state.keys.length === index.keys.length &&
    index.keys.every((key, at) => state.keys[at] === keyText(key))
  );
}

function createIndex(table: Hypertable, index: Index, present: readonly IndexState[]): Step {
  const object = nameOf(table);
  const columns = index.keys.map((key) => key.column).join('_');
  const keys = index.keys
    .map(({ column, descending }) => `${ident(column)}${descending ? ' DESC' : ''}`)
    .join(', ');
  // Without a name PostgreSQL picks a free one by its usual pattern (table_columns_idx).
  return {
    id: `create-index:${object}(${index.keys.map(keyText).join(',')})`,
    object,
    action: 'create',
    summary: `index ${table.name}_${columns}_idx (${keys.replaceAll('"', '')})`,
    sql: [`CREATE INDEX ON ${relation(table)} (${keys})`],
    transactional: true,
    lock: `SHARE on ${object} and its chunks`,
    hazards: present.some((state) => state.rowsPresent)
      ? [{ name: 'blocks-writes', reason: `writes to ${object} wait until the index is built` }]
      : [],
  };
}
