// The parameters `field` and `by`: what to show of each row or bucket, and which series to tell apart.
import type { Hypertable } from '../../../db/language/hypertable';
import { ProblemError } from '../../http/problems';
import { columnsOfKind, GROUPABLE, kindOf, NUMERIC, ORDERED, type TypeKind } from './column-types';
import { columnOf, countOf, type Figure } from './figures';

/** One column of the answer: a column of the table as it is, or a figure over the rows of a bucket. */
export interface Field {
  /** Its name in the answer: `temperature`, `avg_temperature`. */
  readonly name: string;
  /** As the client wrote it: `avg(temperature)`. */
  readonly of: string;
  readonly unit: string | null;
  /** The column; null for `count(*)`. */
  readonly column: string | null;
  /** Absent for raw values. */
  readonly figure?: Figure;
}

/** A field as answers show it. */
export const shownField = ({ name, of, unit }: Field) => ({ name, of, unit });

/** Says what a field may be. */
export const FIELD_RULE =
  'columns as they are, or figures per bucket: avg, min, max, sum, count, distinct, stddev, first, last, median or p01 to p99 of a column, for example avg(temperature), or count(*); of a counter increase and rate (per second), of other samples delta and twa (time-weighted average)';

const MAX_FIELDS = 50;
const MAX_KEYS = 5;

/**
 * Reads `field`. Without it: every column of the table as it is.
 * @throws ProblemError (bad-field) with the names that are allowed.
 */
export function parseFields(table: Hypertable, text: string | undefined): readonly Field[] {
  if (text === undefined)
    return table.columnNames.filter((name) => name !== table.time).map((name) => bareField(table, name));
  const fields = listOf('field', text, MAX_FIELDS).map((part) => parseField(table, part));
  if (new Set(fields.map(({ figure }) => figure === undefined)).size > 1)
    throw new ProblemError('bad-field', 'Ask either for columns as they are or for figures, not for both');
  const twice = fields.find(({ name }, at) => fields.findIndex((other) => other.name === name) !== at);
  if (twice !== undefined) throw new ProblemError('bad-field', `The field ${twice.of} is given twice`);
  return fields;
}

/**
 * Reads a field that must be one numeric column as it is.
 * @throws ProblemError (bad-field) with the names that are allowed.
 */
export function parseNumericColumn(table: Hypertable, text: string): Field & { readonly column: string } {
  const [field, ...more] = parseFields(table, text);
  const column = field?.column;
  if (more.length > 0 || typeof column !== 'string' || !field || field.figure !== undefined)
    throw new ProblemError('bad-field', `Give exactly one column: one of ${allowed(table, NUMERIC)}`);
  checkKind(table, column, NUMERIC, 'has no numbers');
  return { ...field, column };
}

/**
 * Reads `by`: columns whose values tell series apart.
 * @throws ProblemError (bad-field) with the names that are allowed.
 */
export function parseKeys(table: Hypertable, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const keys = [...new Set(listOf('by', text, MAX_KEYS))];
  for (const key of keys) {
    known(table, key, GROUPABLE);
    checkKind(table, key, GROUPABLE, 'cannot tell series apart');
  }
  return keys;
}

/**
 * Checks the names of an answer's columns and returns them.
 * @throws ProblemError (bad-field) when two of them are the same.
 */
export function answerColumns(...names: readonly string[]): readonly string[] {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return names;
  throw new ProblemError('bad-field', `Two columns of the answer would be called ${twice}`);
}

function parseField(table: Hypertable, text: string): Field {
  const match = /^([a-z]+\d{0,2})\(([^()]*)\)$/i.exec(text);
  const inside = match?.[2]?.trim();
  if (/^count$/i.test(match?.[1] ?? text) && (inside === undefined || inside === '' || inside === '*'))
    return { name: 'count', of: 'count(*)', unit: null, column: null, figure: { kind: 'count-rows' } };
  if (!match || inside === undefined) {
    known(table, text);
    return bareField(table, text);
  }
  const [fn, column] = [(match[1] ?? '').toLowerCase(), inside];
  known(table, column);
  const { figure, kinds } = figureOf(table, fn, column);
  if (kinds !== undefined) checkKind(table, column, kinds, `has no ${fn}`);
  const unit = fn === 'count' || fn === 'distinct' ? null : unitOf(table, column);
  const shownUnit = fn === 'rate' && unit !== null ? `${unit}/s` : unit;
  return { name: `${fn}_${column}`, of: `${fn}(${column})`, unit: shownUnit, column, figure };
}

function figureOf(
  table: Hypertable,
  fn: string,
  column: string,
): { readonly figure: Figure; readonly kinds?: ReadonlySet<TypeKind> } {
  switch (fn) {
    case 'avg':
    case 'sum':
    case 'stddev':
      return { figure: { kind: 'aggregate', fn, column }, kinds: NUMERIC };
    case 'rate':
    case 'delta':
    case 'increase':
    case 'twa':
      return { figure: { kind: 'sequence', fn, column }, kinds: NUMERIC };
    case 'min':
    case 'max':
      return { figure: { kind: 'aggregate', fn, column }, kinds: ORDERED };
    case 'count':
      return { figure: countOf(table, column) };
    case 'distinct':
      return { figure: { kind: 'count-distinct', column }, kinds: GROUPABLE };
    case 'first':
    case 'last':
      return { figure: { kind: 'first-or-last', fn, column, by: table.time } };
    default: {
      const percent = fn === 'median' ? 50 : Number(/^p(\d\d)$/.exec(fn)?.[1] ?? 0);
      if (percent === 0)
        throw new ProblemError(
          'bad-field',
          `There is no function ${JSON.stringify(fn)}; ask for ${FIELD_RULE}`,
        );
      return { figure: { kind: 'percentile', fraction: percent / 100, column }, kinds: NUMERIC };
    }
  }
}

const bareField = (table: Hypertable, name: string): Field => ({
  name,
  of: name,
  unit: unitOf(table, name),
  column: name,
});

const unitOf = (table: Hypertable, name: string): string | null => columnOf(table, name)?.measuredIn ?? null;

function listOf(parameter: string, text: string, most: number): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '') || parts.length > most)
    throw new ProblemError(
      'bad-field',
      `${parameter} must be a list of 1 to ${most} names, separated by commas`,
    );
  return parts;
}

function known(table: Hypertable, name: string, kinds?: ReadonlySet<TypeKind>): void {
  if (columnOf(table, name) !== undefined) return;
  throw new ProblemError(
    'bad-field',
    `There is no column ${JSON.stringify(name.slice(0, 80))}; the columns are ${kinds ? allowed(table, kinds) : table.columnNames.join(', ')}`,
  );
}

function checkKind(table: Hypertable, name: string, kinds: ReadonlySet<TypeKind>, why: string): void {
  const type = columnOf(table, name)?.type ?? '';
  if (kinds.has(kindOf(type))) return;
  throw new ProblemError(
    'bad-field',
    `${name} is of type ${type} and ${why}; ask for one of ${allowed(table, kinds)}`,
  );
}

const allowed = (table: Hypertable, kinds: ReadonlySet<TypeKind>): string =>
  columnsOfKind(table, kinds).join(', ') || 'none, as this table has no such column';
