// Kind: columns of existing hypertables. New tables get theirs with CREATE TABLE.
import type { Column } from '../columns';
import { type Hypertable, nameOf } from '../define';
import type { Findings, Kind, Refusal, Step } from '../model';
import { ident, relation } from '../sql';

interface ColumnState {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly defaultSql: string | null;
}

export const columns: Kind<readonly ColumnState[]> = {
  name: 'columns',
  async read(db, desired) {
    const { rows } = await db.query<ColumnState>(
      `SELECT format('%s.%s', n.nspname, c.relname) AS table, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
              NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS "defaultSql"
         FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND c.relkind IN ('r', 'p')
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY 1, a.attnum`,
      [desired.hypertables.map(nameOf)],
    );
    return rows;
  },
  compare(desired, actual) {
    const found = desired.hypertables.map((table) => {
      const present = actual.filter((state) => state.table === nameOf(table));
      return present.length === 0 ? {} : compareColumns(table, present);
    });
    return {
      steps: found.flatMap(({ steps = [] }) => steps),
      refusals: found.flatMap(({ refusals = [] }) => refusals),
      undeclared: found.flatMap(({ undeclared = [] }) => undeclared),
    };
  },
};

function compareColumns(table: Hypertable, present: readonly ColumnState[]): Partial<Findings> {
  const object = nameOf(table);
  const steps: Step[] = [];
  const refusals: Refusal[] = [];
  for (const [name, column] of Object.entries<Column>(table.columns)) {
    const state = present.find((candidate) => candidate.name === name);
    if (state === undefined && addsInPlace(column)) steps.push(addColumn(table, name, column));
    else if (state === undefined) refusals.push(cannotAdd(object, name));
    else refusals.push(...differences(object, column, state));
  }
  const undeclared = present
    .filter((state) => !(state.name in table.columns))
    .map((state) => `column ${state.name} of ${object}`);
  return { steps, refusals, undeclared };
}

// A default on a table with compressed chunks is kept beside the rows and lost by later rewrites; NOT NULL needs one.
const addsInPlace = (column: Column): boolean => column.nullable && column.defaultSql === undefined;

function addColumn(table: Hypertable, name: string, column: Column): Step {
  return {
    id: `add-column:${nameOf(table)}.${name}`,
    object: nameOf(table),
    action: 'change',
    summary: `add column ${name} ${column.type}`,
    sql: [`ALTER TABLE ${relation(table)} ADD COLUMN ${ident(name)} ${column.type}`],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(table)}, for an instant`,
    hazards: [],
  };
}

function cannotAdd(object: string, name: string): Refusal {
  return {
    object,
    what: `column ${name} is missing and is declared NOT NULL or with a default`,
    why: 'old rows would need a value, which compressed chunks do not keep safely',
    wayOut: 'declare it nullable without a default, apply, fill it, then set the constraint by hand',
  };
}

function differences(object: string, column: Column, state: ColumnState): readonly Refusal[] {
  const found: string[] = [];
  if (state.type !== column.type) found.push(`has type ${state.type}, declared ${column.type}`);
  if (state.nullable !== column.nullable)
    found.push(state.nullable ? 'allows NULL, declared NOT NULL' : 'refuses NULL, declared nullable');
  if ((state.defaultSql ?? undefined) !== column.defaultSql) {
    found.push(`has default ${state.defaultSql ?? 'none'}, declared ${column.defaultSql ?? 'none'}`);
  }
  return found.map((what) => ({
    object,
    what: `column ${state.name} ${what}`,
    why: 'changing it in place can rewrite or reject existing rows',
    wayOut: 'change the column by hand, or the declaration back',
  }));
}
