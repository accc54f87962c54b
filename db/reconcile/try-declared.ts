// Lets the server try, while planning, what steps are going to create: types, defaults, indexes, functions and queries.
import { groupBy } from '../core/group-by';
import { ident } from '../core/sql';
import { indexSql } from '../kinds/index-sql';
import { INTERNALS_STEP } from '../kinds/internals';
import type { Relation } from '../language/aggregate';
import { aggregateQuery } from '../language/aggregate-sql';
import { columnDefinitions } from '../language/column-definitions';
import { type DeclaredTable, type Desired, tablesOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, Findings, Refusal, Step } from '../model';
import { withSavepointRollback } from '../server/savepoint';

/** One thing that a step is going to create, as a statement that creates it without touching what exists. */
interface Trial {
  readonly object: string;
  /** What is tried, for people: `its column types and defaults`. */
  readonly what: string;
  readonly sql: string;
}

/** What the server said to a trial. */
interface Failure {
  readonly code: string;
  readonly message: string;
}

/**
 * The refusals for what cannot be created as declared. Everything is tried on empty temporary tables, so no table of anybody is
 * locked, and only what steps create or change is tried: in a database as declared, nothing is sent to the server.
 * What the login may not try stays unknown until the apply. Must run in a transaction that is rolled back.
 */
export async function tryDeclared(
  db: Db,
  desired: Desired,
  { steps, refusals }: Pick<Findings, 'steps' | 'refusals'>,
): Promise<readonly Refusal[]> {
  const functions = steps.filter(({ id }) => /^(create|change)-function:/.test(id));
  const families = familiesOf(desired, new Set(steps.filter(isTried).map(({ object }) => object)));
  if (functions.length === 0 && families.length === 0) return [];
  const trials: readonly (readonly Trial[])[] = [
    ...functions.map(({ object, sql }): Trial[] => [{ object, what: 'the function', sql: sql.join(';\n') }]),
    ...families,
  ];
  const failures = await withSavepointRollback(db, async () => {
    await prepare(db, steps);
    return run(db, trials, functions.length);
  }).catch((error: { readonly code?: string }) => {
    if (error.code === INSUFFICIENT_PRIVILEGE) return [];
    throw error;
  });
  const refused = new Set(refusals.map(({ object }) => object));
  return failures.flatMap((failure, at) => {
    const own = trials[at] as readonly Trial[];
    return failure === null || !IS_ABOUT_THE_TEXT.test(failure.code)
      ? []
      : refusalOf(own[failure.trial] as Trial, failure, refused);
  });
}

const INSUFFICIENT_PRIVILEGE = '42501';

// Syntax and names, values, and what is not supported. Other errors, such as a lack of locks, may be gone when the step runs.
const IS_ABOUT_THE_TEXT = /^(42(?!501)|22|0A|3F)/;

// The steps whose object gets columns, an index or a query.
const isTried = ({ id }: Step): boolean =>
  /^(create-table|create-hypertable|add-column|column-type|column-default|create-index|create-aggregate|add-aggregate-columns):/.test(
    id,
  );

function refusalOf(
  { object, what }: Trial,
  { message }: Failure,
  refused: ReadonlySet<string>,
): readonly Refusal[] {
  // Another refusal of the same object is the reason more often than not, and says more.
  if (refused.has(object)) return [];
  return [
    {
      object,
      what: `${what} cannot be created as declared`,
      why: message,
      wayOut:
        'correct the declaration; names outside of pg_catalog need their schema, e.g. public.my_function(), and a type or function of an extension needs that extension first',
    },
  ];
}

// Everything that is declared on one table: the table, its indexes, and the aggregates on it, sources first.
function familiesOf(desired: Desired, objects: ReadonlySet<string>): readonly (readonly Trial[])[] {
  const aggregates = groupBy(
    desired.aggregates.filter((aggregate) => objects.has(nameOf(aggregate))),
    (aggregate) => nameOf(rootOf(aggregate)),
  );
  return tablesOf(desired).flatMap((table) => {
    const own = aggregates.get(nameOf(table)) ?? [];
    return objects.has(nameOf(table)) || own.length > 0 ? [family(table, own)] : [];
  });
}

function family(table: DeclaredTable, aggregates: readonly Relation[]): readonly Trial[] {
  const shapes = new Map<string, string>();
  const shapeOf = (object: Relation | DeclaredTable): string => {
    const name = `tsdb_trial_${shapes.size}`;
    shapes.set(nameOf(object), name);
    return name;
  };
  const root = shapeOf(table);
  const trials: Trial[] = [
    {
      object: nameOf(table),
      what: 'its column types and defaults',
      sql: `CREATE TEMP TABLE ${root} (${columnDefinitions(table)})`,
    },
    ...table.indexes.map(
      (index): Trial => ({
        object: nameOf(table),
        what: `its index ${indexSql(index).replaceAll('"', '')}`,
        sql: `CREATE INDEX ON pg_temp.${ident(root)} USING ${indexSql(index)}`,
      }),
    ),
  ];
  const add = (aggregate: Relation): void => {
    if (aggregate.kind !== 'aggregate' || shapes.has(nameOf(aggregate))) return;
    add(aggregate.from);
    const from = { ...aggregate.from, schema: 'pg_temp', name: shapes.get(nameOf(aggregate.from)) as string };
    trials.push({
      object: nameOf(aggregate),
      what: 'its query',
      sql: `CREATE TEMP VIEW ${shapeOf(aggregate)} AS ${aggregateQuery({ ...aggregate, from })}`,
    });
  };
  aggregates.forEach(add);
  return trials;
}

const rootOf = (relation: Relation): Relation =>
  relation.kind === 'aggregate' ? rootOf(relation.from) : relation;

// What comes first in an apply, because the declared texts may use it. Schema tsdb, with the functions of engine `postgres`, is
// only created here when it is missing.
async function prepare(db: Db, steps: readonly Step[]): Promise<void> {
  const first = steps.filter(
    ({ id, action }) =>
      action === 'create' && (id === INTERNALS_STEP || /^create-(extension|schema):/.test(id)),
  );
  // Comparing functions has switched the check of their bodies off.
  await db.query(['SET LOCAL check_function_bodies = on', ...first.flatMap(({ sql }) => sql)].join('\n;\n'));
}

// The functions stay for what follows. Each family is undone at once, so that the locks on its temporary tables end.
const TRY = `
  CREATE FUNCTION pg_temp.tsdb_try(statements text[], keep boolean, OUT failed int, OUT code text, OUT message text) LANGUAGE plpgsql AS $$
  BEGIN
    FOR at IN 1 .. cardinality(statements) LOOP
      failed := at;
      EXECUTE statements[at];
    END LOOP;
    failed := NULL;
    IF NOT keep THEN RAISE EXCEPTION USING ERRCODE = 'TS000'; END IF;
  EXCEPTION
    WHEN SQLSTATE 'TS000' THEN failed := NULL;
    WHEN OTHERS THEN GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
  END $$`;

async function run(
  db: Db,
  trials: readonly (readonly Trial[])[],
  kept: number,
): Promise<readonly ((Failure & { readonly trial: number }) | null)[]> {
  await db.query(TRY);
  const { rows } = await db.query<{ failed: number | null; code: string; message: string }>(
    `SELECT r.* FROM jsonb_to_recordset($1::jsonb) AS t (at int, statements jsonb),
            pg_temp.tsdb_try(ARRAY(SELECT jsonb_array_elements_text(t.statements)), t.at < $2::int) r ORDER BY t.at`,
    [JSON.stringify(trials.map((own, at) => ({ at, statements: own.map(({ sql }) => sql) }))), kept],
  );
  return rows.map(({ failed, code, message }) =>
    failed === null ? null : { trial: failed - 1, code, message },
  );
}
