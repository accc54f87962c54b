// Kind: indexes of tables and hypertables. They are compared by their definition, not by their name.
import { groupBy } from '../core/group-by';
import { relation } from '../core/sql';
import { type DeclaredTable, tablesOf } from '../language/desired';
import type { Index } from '../language/indexes';
import { nameOf } from '../language/names';
import type { Db, EngineName, Kind, PlanDb, SpellingRequest } from '../model';
import { EMPTY_COPY } from './empty-copy';
import { buildIndex, type IndexBuild, readBuilds } from './index-builds';
import { indexSql } from './index-sql';

interface IndexState {
  readonly table: string;
  readonly name: string;
  /** As the server prints it after the table's name: `btree (sensor_id, "time" DESC) WHERE …`, with `UNIQUE ` before it. */
  readonly definition: string;
  /** Whether it belongs to a constraint. Such an index is not listed, but it may serve a declared one. */
  readonly constraint: boolean;
  /** Whether it rejects duplicates at once; the index of a deferrable constraint does not. */
  readonly enforced: boolean;
  readonly valid: boolean;
}

interface IndexesState {
  /** By table. */
  readonly indexes: ReadonlyMap<string, readonly IndexState[]>;
  /** How the server would print each declared index, by `table definition`; absent if the table or a column does not exist yet. */
  readonly canonical: ReadonlyMap<string, string>;
  readonly builds: readonly IndexBuild[];
}

/** Indexes; the engine knows the sizes of tables. */
export const indexes = (engine: EngineName): Kind<IndexesState> => ({
  name: 'indexes',
  async read(db, desired) {
    const tables = tablesOf(desired).map(nameOf);
    const { rows } = await db.query<IndexState>(
      `SELECT format('%s.%s', n.nspname, t.relname) AS table, i.relname::text AS name, x.indisvalid AS valid,
              CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END || substring(pg_get_indexdef(i.oid) FROM ' USING (.*)$') AS definition,
              EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid) AS constraint,
              x.indisunique AND x.indimmediate AS enforced
         FROM pg_index x
         JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_class t ON t.oid = x.indrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE format('%s.%s', n.nspname, t.relname) = ANY ($1)
        ORDER BY 1, 2`,
      [tables],
    );
    const present = groupBy(rows, ({ table }) => table);
    const canonical = await readCanonical(db, tablesOf(desired), present);
    const missing = tablesOf(desired).flatMap((table) =>
      table.indexes
        .filter(
          (index) =>
            !isPrimaryKey(table, index) &&
            !isServed(present.get(nameOf(table)), canonical.get(key(table, index))),
        )
        .map((index) => ({ table, index })),
    );
    return {
      indexes: present,
      canonical,
      builds: missing.length === 0 ? [] : await readBuilds(db, engine, missing),
    };
  },
  compare(desired, { indexes: actual, canonical, builds }) {
    const found = builds.map(buildIndex);
    const undeclared = tablesOf(desired).flatMap((table) =>
      (actual.get(nameOf(table)) ?? [])
        .filter(
          (state) =>
            !state.constraint &&
            !table.indexes.some((index) => serves(state, canonical.get(key(table, index)))),
        )
        .map((state) => `index ${state.name} of ${state.table}${state.valid ? '' : ' (invalid)'}`),
    );
    return {
      steps: found.flatMap(({ steps = [] }) => steps),
      refusals: found.flatMap(({ refusals = [] }) => refusals),
      undeclared,
    };
  },
});

// The index of a primary key or of a unique constraint serves as well as any other one.
const serves = (state: IndexState, definition: string | undefined): boolean =>
  state.valid && (!state.constraint || state.enforced) && state.definition === definition;

// The server makes this index with the table, so a table that is created needs no second one.
const isPrimaryKey = (table: DeclaredTable, { method, unique, keys, where }: Index): boolean =>
  table.kind === 'table' &&
  method === 'btree' &&
  unique &&
  where === undefined &&
  JSON.stringify(keys) === JSON.stringify(table.primaryKey.map((column) => ({ column, descending: false })));

const isServed = (present: readonly IndexState[] = [], definition: string | undefined): boolean =>
  present.some((state) => serves(state, definition));

const key = (table: DeclaredTable, index: Index): string =>
  `${nameOf(table)} ${index.unique ? 'UNIQUE ' : ''}${indexSql(index)}`;

interface IndexRequest extends SpellingRequest {
  readonly table: DeclaredTable;
  readonly index: Index;
}

/** How the server prints the declared indexes, so that spellings of expressions and conditions do not matter. */
async function readCanonical(
  db: PlanDb,
  tables: readonly DeclaredTable[],
  present: ReadonlyMap<string, readonly IndexState[]>,
): Promise<ReadonlyMap<string, string>> {
  const requests = tables.flatMap((table) =>
    table.indexes.map(
      (index): IndexRequest => ({
        kind: 'index',
        relation: nameOf(table),
        text: key(table, index),
        reads: [nameOf(table)],
        confirms: (spelling) => isServed(present.get(nameOf(table)), spelling),
        table,
        index,
      }),
    ),
  );
  const spellings = await db.spellings.of(requests, (unknown) => printIndexes(db, unknown));
  return new Map(
    [...spellings].flatMap(([{ text }, spelling]): [string, string][] =>
      spelling === null ? [] : [[text, spelling]],
    ),
  );
}

/** Creates indexes on an empty copy of each table, in one statement; it is rolled back with the transaction. */
async function printIndexes(db: Db, requests: readonly IndexRequest[]): Promise<readonly (string | null)[]> {
  await db.query(
    `CREATE FUNCTION pg_temp.tsdb_canonical_indexes(source text, definitions text[]) RETURNS text[] LANGUAGE plpgsql AS $$
     DECLARE printed text[] := '{}'; definition text;
     BEGIN
       IF to_regclass(source) IS NULL THEN RETURN printed; END IF;
       EXECUTE ${EMPTY_COPY};
       FOREACH definition IN ARRAY definitions LOOP
         BEGIN
           EXECUTE 'CREATE INDEX tsdb_canonical_index ON pg_temp.tsdb_canonical USING ' || definition;
           printed := printed || substring(pg_get_indexdef('pg_temp.tsdb_canonical_index'::regclass) FROM ' USING (.*)$');
           DROP INDEX pg_temp.tsdb_canonical_index;
         EXCEPTION WHEN undefined_column OR undefined_function OR undefined_object OR datatype_mismatch THEN
           printed := printed || NULL::text;
         END;
       END LOOP;
       DROP TABLE pg_temp.tsdb_canonical;
       RETURN printed;
     END $$`,
  );
  const tables = [...groupBy(requests, ({ relation: name }) => name).values()];
  const { rows } = await db.query<{ printed: (string | null)[] }>(
    `SELECT pg_temp.tsdb_canonical_indexes(t.source, ARRAY(SELECT jsonb_array_elements_text(t.definitions))) AS printed
       FROM jsonb_to_recordset($1::jsonb) AS t (position int, source text, definitions jsonb) ORDER BY t.position`,
    [
      JSON.stringify(
        tables.map((own, position) => ({
          position,
          source: relation((own[0] as IndexRequest).table),
          definitions: own.map(({ index }) => indexSql(index)),
        })),
      ),
    ],
  );
  const printed = new Map(
    tables.flatMap((own, at) =>
      own.map((request, position): [IndexRequest, string | null] => {
        const definition = rows[at]?.printed[position] ?? null;
        return [request, definition && `${request.index.unique ? 'UNIQUE ' : ''}${definition}`];
      }),
    ),
  );
  return requests.map((request) => printed.get(request) ?? null);
}
