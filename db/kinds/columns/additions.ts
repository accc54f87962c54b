// Columns that are declared and missing: how each is added, or why it is refused.
import { counted } from '../../core/quantities';
import { ident, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Findings, Hazard, Refusal, Step } from '../../model';
import { type ColumnDialect, type ColumnDifference, tableRewrite } from './difference';

/** The step that adds a missing column, or the refusal. */
export function addition(dialect: ColumnDialect, missing: ColumnDifference): Partial<Findings> {
  const { wanted, size, empty } = missing;
  if (wanted.error !== null) return { refusals: [notUnderstood(missing)] };
  if (wanted.defaultKind === 'none') {
    if (!wanted.nullable && !empty) return { refusals: [needsDefault(missing)] };
    return { steps: [step(missing, withoutDefault(missing))] };
  }
  if (wanted.defaultKind === 'constant') return { steps: [step(missing, withConstant(dialect, missing))] };
  if (size.compressed.chunks > 0) return { refusals: [notInCompressedChunks(missing)] };
  if (size.columnstore) return { steps: [step(missing, rowByRow(missing), tableRewrite(missing))] };
  // A stable default such as now() gives all old rows the same value, which the server stores once beside the rows. A volatile
  // default is computed for each row.
  const hazards = wanted.defaultKind === 'volatile' ? tableRewrite(missing) : [];
  return { steps: [step(missing, [inOne(missing)], hazards)] };
}

/** Whether the server stores the value for old rows of converted chunks only once, beside the rows. */
export function leavesValueBesideRows({ actual, wanted, size }: ColumnDifference): boolean {
  return actual === undefined && wanted.defaultKind === 'constant' && size.compressed.chunks > 0;
}

// Two statements: TimescaleDB refuses ADD COLUMN … NOT NULL on a table with columnstore even when it is empty.
function withoutDefault({ table, name, wanted }: ColumnDifference): readonly string[] {
  return [
    `ALTER TABLE ${relation(table)} ADD COLUMN ${ident(name)} ${wanted.type}`,
    ...(wanted.nullable ? [] : [`ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)} SET NOT NULL`]),
  ];
}

// Chunks may be converted between plan and apply, so the note is made on every table with a columnstore.
function withConstant(dialect: ColumnDialect, missing: ColumnDifference): readonly string[] {
  const note =
    dialect.rebuild !== undefined && missing.size.columnstore ? [dialect.rebuild.note(missing.table)] : [];
  return [inOne(missing), ...note];
}

// TimescaleDB refuses ADD COLUMN with such a default on a table with columnstore, even if no chunk is converted yet.
function rowByRow({ table, name, wanted, empty }: ColumnDifference): readonly string[] {
  const alter = `ALTER TABLE ${relation(table)} `;
  return [
    `${alter}ADD COLUMN ${ident(name)} ${wanted.type}`,
    `${alter}ALTER COLUMN ${ident(name)} SET DEFAULT ${wanted.defaultSql}`,
    ...(empty ? [] : [`UPDATE ${relation(table)} SET ${ident(name)} = DEFAULT`]),
    ...(wanted.nullable ? [] : [`${alter}ALTER COLUMN ${ident(name)} SET NOT NULL`]),
  ];
}

function inOne({ table, name, wanted }: ColumnDifference): string {
  return `ALTER TABLE ${relation(table)} ADD COLUMN ${ident(name)} ${wanted.type} DEFAULT ${wanted.defaultSql}${wanted.nullable ? '' : ' NOT NULL'}`;
}

function step(
  { table, name, wanted, size }: ColumnDifference,
  sql: readonly string[],
  hazards: readonly Hazard[] = [],
): Step {
  const object = nameOf(table);
  const value = wanted.defaultSql === null ? '' : ` default ${wanted.defaultSql}`;
  return {
    id: `add-column:${object}.${name}`,
    object,
    action: 'change',
    summary: `add column ${name} ${wanted.type}${wanted.nullable ? '' : ' not null'}${value}`,
    sql,
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${object}${hazards.length > 0 ? '' : ', for an instant'}`,
    hazards,
    ...(hazards.length > 0 ? { impact: { chunks: size.chunks, rows: size.rows, bytes: size.bytes } } : {}),
  };
}

function needsDefault({ table, name }: ColumnDifference): Refusal {
  return {
    object: nameOf(table),
    what: `column ${name} is missing and is declared NOT NULL without a default`,
    why: 'existing rows would have no value in it',
    wayOut:
      'declare a constant default; or declare the column nullable, apply, fill it in, and then declare it NOT NULL',
  };
}

function notInCompressedChunks({ table, name, wanted, size }: ColumnDifference): Refusal {
  return {
    object: nameOf(table),
    what: `column ${name} is missing and is declared with the default ${wanted.defaultSql}, which is not a constant`,
    why: `TimescaleDB cannot compute it for the rows of ${counted(size.compressed.chunks, 'compressed chunk')}`,
    wayOut: `declare the column nullable without a default and apply, then declare the default, which new rows get${wanted.nullable ? '' : '; fill in the old rows before you declare the column NOT NULL'}`,
  };
}

function notUnderstood({ table, name, wanted }: ColumnDifference): Refusal {
  return {
    object: nameOf(table),
    what: `column ${name} is missing and the server does not understand its declaration`,
    why: wanted.error ?? '',
    wayOut:
      'correct the type or the default; names outside of pg_catalog need their schema, e.g. public.my_function()',
  };
}
