// The parameter `where`: conditions on columns. Names come from the declared table, values are bound.
import { ident } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import { ProblemError } from '../../http/problems';
import { castOf, fits, kindOf, readValue } from './column-types';
import { columnOf } from './figures';
import { type Clause, type Comparison, type Operator, readClause } from './where-syntax';
import type { Written } from './where-values';

/** A condition on a column; values are checked and written as the database reads them. */
export interface Filter {
  readonly column: string;
  readonly operator: Operator | 'in' | 'is null' | 'is not null';
  /** One value, several for `in`, none for the tests of NULL. */
  readonly values: readonly string[];
  /** The type that values are cast to. */
  readonly cast: string;
}

/** A condition on rows: on one column, or several that must all hold or of which any must. */
export type Condition = Filter | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };

/**
 * Reads conditions; rows must meet all of them.
 * @throws ProblemError (bad-filter) that says how to write them, with the columns that are allowed.
 */
export function parseFilters(table: Hypertable, texts: readonly string[] = []): readonly Condition[] {
  const isJson = (column: string): boolean => kindOf(columnOf(table, column)?.type ?? '') === 'json';
  return texts.flatMap((text) => {
    const condition = conditionOf(table, readClause(text, isJson));
    return 'kind' in condition && condition.kind === 'all' ? condition.of : [condition];
  });
}

/** The condition as SQL; `bind` takes a value and returns its placeholder. */
export function filterSql(condition: Condition, bind: (value: unknown, type: string) => string): string {
  if ('kind' in condition) {
    if (condition.of.length === 0) return condition.kind === 'all' ? 'true' : 'false';
    const joint = condition.kind === 'all' ? ' AND ' : ' OR ';
    return `(${condition.of.map((part) => filterSql(part, bind)).join(joint)})`;
  }
  const { column, operator, values, cast } = condition;
  if (operator === 'is null' || operator === 'is not null')
    return `${ident(column)} ${operator.toUpperCase()}`;
  if (operator === 'in') return `${ident(column)} = ANY (${bind(values, `${cast}[]`)})`;
  return `${ident(column)} ${operator} ${bind(values[0], cast)}`;
}

/** Every column that the conditions are on. */
export const filteredColumns = (conditions: readonly Condition[]): readonly string[] =>
  conditions.flatMap((condition) =>
    'kind' in condition ? filteredColumns(condition.of) : [condition.column],
  );

/** Columns that have only one value under the conditions. */
export const boundColumns = (conditions: readonly Condition[]): readonly string[] =>
  conditions.flatMap((condition) => {
    if ('kind' in condition) return [];
    const { operator, values, column } = condition;
    const isOne = (operator === '=' || operator === 'in') && values.length === 1;
    return isOne || operator === 'is null' ? [column] : [];
  });

/**
 * Reads one value of a column, e.g. the key where a page starts.
 * @throws ProblemError (bad-filter) when it is not valid.
 */
export function parseValue(
  table: Hypertable,
  column: string,
  text: string,
): Pick<Filter, 'cast'> & { value: string } {
  const type = columnOf(table, column)?.type ?? '';
  const read = readValue(type, text);
  if ('value' in read) return { value: read.value, cast: castOf(type) };
  throw new ProblemError(
    'bad-filter',
    `${column} is of type ${type}: ${JSON.stringify(text.slice(0, 80))} is not ${read.expected}`,
  );
}

function conditionOf(table: Hypertable, clause: Clause): Condition {
  if ('of' in clause) return { kind: clause.kind, of: clause.of.map((part) => conditionOf(table, part)) };
  return filterOf(table, clause);
}

function filterOf(table: Hypertable, comparison: Comparison): Filter {
  const { column } = comparison;
  checkColumn(table, column);
  const type = columnOf(table, column)?.type ?? '';
  if (comparison.kind === 'null')
    return {
      column,
      operator: comparison.negated ? 'is not null' : 'is null',
      values: [],
      cast: castOf(type),
    };
  const operator = comparison.kind === 'list' ? 'in' : comparison.operator;
  const isJson = kindOf(type) === 'json';
  if (isJson !== (operator === '@>'))
    throw new ProblemError(
      'bad-filter',
      isJson
        ? `${column} is JSON; write ${column} @> {"key":"value"}`
        : `@> is for JSON columns, and ${column} is not one`,
    );
  const written = comparison.kind === 'list' ? comparison.values : [comparison.value];
  for (const value of written) checkMeaning(column, type, operator, value);
  const values = written.map(({ text }) => parseValue(table, column, text).value);
  const cast = castOf(type);
  // A text that is too long for the column equals none of its values, and Citus fails when it looks for the server of such a value.
  const isLookedUp = operator === '=' || operator === 'in';
  if (isLookedUp && !values.every((value) => fits(type, value)))
    return { column, operator: 'in', values: values.filter((value) => fits(type, value)), cast };
  return { column, operator, values, cast };
}

/** Refuses values without quotes that would silently match nothing, or something else, because of how they are written. */
function checkMeaning(
  column: string,
  type: string,
  operator: Filter['operator'],
  { text, quoted }: Written,
): void {
  if (quoted) return;
  const inQuotes = `${column}${operator === 'in' ? '=' : operator}'${text.slice(0, 40).replaceAll("'", "''")}'`;
  const refuse = (what: string): never => {
    throw new ProblemError(
      'bad-filter',
      `${what}; if the text itself is meant, write it in quotes: ${inQuotes}`,
    );
  };
  if (/^null$/i.test(text)) refuse(`Nothing equals NULL: write ${column} is null, or ${column} is not null`);
  if (kindOf(type) !== 'text') return;
  const isOrdered = operator !== '=' && operator !== '<>' && operator !== 'in';
  if (isOrdered && /^[+-]?\d+(\.\d+)?$/.test(text))
    refuse(`${column} is text, which is not compared as a number: "9" comes after "10"`);
  if (/^[“”„‟‘’‚‛«»`´]/.test(text)) refuse(`The value begins with a typographic quote; use ' or "`);
  // Words without blanks between the commas are a list; a sentence is not.
  if (/^[^\s,'"]+(?:,[^\s,'"]+)+$/.test(text)) refuse(`For several values write ${column} in ["a","b"]`);
  if (/ (&&|\|\|) /.test(text)) refuse('Join conditions with and and or');
  const symbol = text.search(/[=<>]/);
  if (symbol > 0 && /\s/.test(text.slice(0, symbol)))
    refuse('The value contains another comparison; join conditions with and and or');
}

function checkColumn(table: Hypertable, name: string): void {
  if (name === table.time)
    throw new ProblemError('bad-filter', `Choose the time with period, from and to, not with where`);
  const type = columnOf(table, name)?.type;
  if (type !== undefined && kindOf(type) !== 'other') return;
  const names = table.columnNames.filter(
    (column) => column !== table.time && kindOf(columnOf(table, column)?.type ?? '') !== 'other',
  );
  throw new ProblemError(
    'bad-filter',
    `There is no column ${JSON.stringify(name.slice(0, 80))} to compare; the columns are ${names.join(', ')}. A value that contains the words and or or is written in quotes`,
  );
}
