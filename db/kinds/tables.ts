// Kind: ordinary tables. The kinds `columns` and `indexes` compare their columns and indexes.
import { counted } from '../core/quantities';
import { ident, relation } from '../core/sql';
import { columnDefinitions } from '../language/column-definitions';
import { nameOf } from '../language/names';
import type { PlainTable } from '../language/table';
import type { Kind, Step } from '../model';

interface TableState {
  readonly name: string;
  readonly kind: string;
  readonly primaryKey: readonly string[];
}

/** Where an engine that distributes rows puts those of a new table. */
export interface TablePlacement {
  /** `on every node` */
  describe(table: PlainTable): string;
  place(table: PlainTable): readonly string[];
}

/** Ordinary tables; without a placement, all rows are on the one server. */
export const tables = (placement?: TablePlacement): Kind<readonly TableState[]> => ({
  name: 'tables',
  async read(db, desired) {
    const { rows } = await db.query<TableState>(
      `SELECT format('%s.%s', n.nspname, c.relname) AS name, c.relkind::text AS kind,
              ARRAY(SELECT a.attname::text FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY u (attnum, at)
                      JOIN pg_attribute a ON a.attnum = u.attnum
                     WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attrelid = c.oid ORDER BY u.at) AS "primaryKey"
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
      [desired.tables.map(nameOf)],
    );
    return rows;
  },
  compare(desired, actual) {
    const found = desired.tables.map((table) => ({
      table,
      state: actual.find(({ name }) => name === nameOf(table)),
    }));
    return {
      steps: found.filter(({ state }) => state === undefined).map(({ table }) => create(table, placement)),
      refusals: found.flatMap(({ table, state }) => {
        if (state === undefined) return [];
        if (state.kind !== 'r')
          return [
            refusal(
              table,
              'is not an ordinary table',
              'declare the table under another name, or rename the existing object',
            ),
          ];
        if (JSON.stringify(state.primaryKey) === JSON.stringify(table.primaryKey)) return [];
        const text = (columns: readonly string[]): string =>
          columns.length > 0 ? columns.join(', ') : 'none';
        return [
          refusal(
            table,
            `has the primary key ${text(state.primaryKey)}, declared ${text(table.primaryKey)}`,
            'change the primary key by hand, or change the declaration',
          ),
        ];
      }),
    };
  },
});

function create(table: PlainTable, placement: TablePlacement | undefined): Step {
  const key = table.primaryKey.map((name) => ident(name)).join(', ');
  return {
    id: `create-table:${nameOf(table)}`,
    object: nameOf(table),
    action: 'create',
    summary: `table with ${counted(table.columnNames.length, 'column')}${placement ? `, ${placement.describe(table)}` : ''}`,
    sql: [
      `CREATE TABLE ${relation(table)} (${columnDefinitions(table)}${key === '' ? '' : `, PRIMARY KEY (${key})`})`,
      ...(placement?.place(table) ?? []),
    ],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

const refusal = (table: PlainTable, what: string, wayOut: string) => ({
  object: nameOf(table),
  what,
  why: 'a change could reject or rewrite rows',
  wayOut,
});
