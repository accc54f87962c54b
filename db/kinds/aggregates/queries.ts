// Asks the server about declared queries: how it prints them, so that they can be compared, and the types of their columns.
import { ident } from '../../core/sql';
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import { aggregateQuery } from '../../language/aggregate-sql';
import type { Column } from '../../language/columns';
import { nameOf } from '../../language/names';
import type { Db, PlanDb, SpellingRequest } from '../../model';
import { withSavepoint } from '../../server/savepoint';
import type { AggregateDialect, AggregateState } from './model';

/**
 * Reads the declared aggregates that exist and compares their queries with the declared ones.
 * Must run in a transaction that is rolled back.
 */
export async function readStates(
  db: PlanDb,
  dialect: AggregateDialect,
  aggregates: readonly ContinuousAggregate[],
): Promise<ReadonlyMap<string, AggregateState>> {
  const byName = new Map(aggregates.map((aggregate) => [nameOf(aggregate), aggregate]));
  const stored = await dialect.read(db, [...byName.keys()]);
  const candidates = stored.map((one) => {
    const declared = byName.get(one.name) as ContinuousAggregate;
    const missing = Math.min(
      Math.max(declared.columnNames.length - one.columns, 0),
      Object.keys(declared.select).length,
    );
    return { stored: one, declared, missing, before: withoutLast(declared, missing) };
  });
  const requests = candidates.flatMap(({ stored: one, declared, missing, before }) =>
    (missing === 0 ? [declared] : [declared, before]).map(
      (aggregate): SpellingRequest => ({
        kind: 'aggregate',
        relation: one.name,
        text: dialect.definition(aggregate, one.realTime),
        reads: [nameOf(aggregate.from), nameOf(one.stored)],
        confirms: (spelling) => spelling === one.definition,
      }),
    ),
  );
  const spellings = await db.spellings.of(requests, (unknown) =>
    printQueries(
      db,
      unknown.map(({ text }) => text),
    ),
  );
  const printed = new Map([...spellings].map(([{ text }, spelling]) => [text, spelling]));
  const states = candidates.map(({ stored: one, declared, missing, before }): AggregateState => {
    const is = (aggregate: ContinuousAggregate): boolean =>
      one.definition === printed.get(dialect.definition(aggregate, one.realTime)) &&
      one.refreshQuery === dialect.refreshQuery?.(aggregate);
    const asDeclared = is(declared);
    return { ...one, asDeclared, appended: !asDeclared && is(before) ? missing : 0 };
  });
  return new Map(states.map((state) => [state.name, state]));
}

// The server prints the queries, so that different spellings of the same query, such as `60 minutes` and `1 hour`, become the
// same text. Null stands for a query that is not valid on the present tables. Each different query costs a temporary view.
async function printQueries(db: Db, queries: readonly string[]): Promise<readonly (string | null)[]> {
  await db.query(
    `CREATE OR REPLACE FUNCTION pg_temp.tsdb_canonical(query text) RETURNS text LANGUAGE plpgsql AS $$
     DECLARE definition text;
     BEGIN
       EXECUTE 'CREATE TEMP VIEW tsdb_canonical AS ' || query;
       definition := pg_get_viewdef('pg_temp.tsdb_canonical'::regclass);
       DROP VIEW pg_temp.tsdb_canonical;
       RETURN definition;
     EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch OR invalid_schema_name THEN
       RETURN NULL;
     END $$`,
  );
  const different = [...new Set(queries)];
  const { rows } = await db.query<{ definition: string | null }>(
    'SELECT pg_temp.tsdb_canonical(query) AS definition FROM unnest($1::text[]) WITH ORDINALITY q (query, at) ORDER BY at',
    [different],
  );
  const printed = new Map(different.map((query, at) => [query, rows[at]?.definition ?? null]));
  return queries.map((query) => printed.get(query) ?? null);
}

/** The declared aggregate without its last `count` columns. */
function withoutLast(aggregate: ContinuousAggregate, count: number): ContinuousAggregate {
  const entries = Object.entries(aggregate.select);
  return {
    ...aggregate,
    select: Object.fromEntries(entries.slice(0, entries.length - count)),
    columnNames: aggregate.columnNames.slice(0, aggregate.columnNames.length - count),
  };
}

/**
 * The types of the declared columns of aggregates, by name and column. They are derived only from the declaration, because the
 * source may get a new column in the same plan. The server would accept a wrong type, and the view would fail for its readers.
 * Must run in a transaction that is rolled back.
 */
export async function columnTypes(
  db: Db,
  aggregates: readonly ContinuousAggregate[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const shapes = new Map<Relation, string>();
  const statements: string[] = [];
  const shapeOf = (relation: Relation): string => {
    const known = shapes.get(relation);
    if (known !== undefined) return known;
    const query =
      relation.kind === 'hypertable'
        ? emptyRow(relation.columns)
        : aggregateQuery({
            ...relation,
            from: { ...relation.from, schema: 'pg_temp', name: shapeOf(relation.from) },
          });
    const name = `tsdb_shape_${shapes.size}`;
    shapes.set(relation, name);
    statements.push(`CREATE TEMP VIEW ${name} AS ${query}`);
    return name;
  };
  const names = aggregates.map(shapeOf);
  if (statements.length === 0) return new Map();
  // The plan refuses a query that the server does not understand, and its types do not matter then.
  const understood = await withSavepoint(db, () => db.query(statements.join(';\n'))).catch(
    (error: { readonly code?: string }) => {
      if (error.code?.startsWith('42')) return undefined;
      throw error;
    },
  );
  if (understood === undefined) return new Map();
  const { rows } = await db.query<{ shape: string; name: string; type: string }>(
    `SELECT c.relname::text AS shape, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = pg_my_temp_schema() AND c.relname = ANY ($1) ORDER BY 1, a.attnum`,
    [names],
  );
  return new Map(
    aggregates.map((aggregate) => [
      nameOf(aggregate),
      new Map(
        rows.filter((row) => row.shape === shapes.get(aggregate)).map(({ name, type }) => [name, type]),
      ),
    ]),
  );
}

const emptyRow = (columns: Readonly<Record<string, Column>>): string =>
  `SELECT ${Object.entries(columns)
    .map(([name, { type }]) => `NULL::${type} AS ${ident(name)}`)
    .join(', ')}`;
