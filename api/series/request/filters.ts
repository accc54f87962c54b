// The parameter `where`: conditions on columns. Names come from the declared table, values are bound.
import { ident } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import { ProblemError } from '../../http/problems';
import { castOf, kindOf, readValue } from './column-types';
import { columnOf } from './figures';

/** A condition on a column; values are checked and written as the database reads them. */
export interface Filter {
  readonly column: string;
  readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>=' | 'in' | '@>';
  /** One value, or several for `in`. */
  readonly values: readonly string[];
  /** The type that values are cast to. */
  readonly cast: string;
}

/** Says what a condition may be. */
export const FILTER_RULE =
  'column=value, or with !=, <, <=, > or >=; column in ["a","b"]; for a JSON column: column @> {"key":"value"}';

const MAX_VALUES = 1_000;
const CONDITION = /^\s*([^\s=<>!@]+)\s*(?:(!=|<>|<=|>=|=|<|>|@>)|in(?=[\s[]))\s*([\s\S]*)$/i;

/**
 * Reads conditions; rows must meet all of them.
 * @throws ProblemError (bad-filter) that says how to write them, with the columns that are allowed.
 */
export function parseFilters(table: Hypertable, texts: readonly string[] = []): readonly Filter[] {
  return texts.map((text) => parseFilter(table, text));
}

/** The condition as SQL; `bind` takes a value and returns its placeholder. */
export function filterSql(
  { column, operator, values, cast }: Filter,
  bind: (value: unknown, type: string) => string,
): string {
  if (operator === 'in') return `${ident(column)} = ANY (${bind(values, `${cast}[]`)})`;
  return `${ident(column)} ${operator} ${bind(values[0], cast)}`;
}

/** Columns that have only one value under the conditions. */
export const boundColumns = (filters: readonly Filter[]): readonly string[] =>
  filters
    .filter(({ operator, values }) => (operator === '=' || operator === 'in') && values.length === 1)
    .map(({ column }) => column);

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

function parseFilter(table: Hypertable, text: string): Filter {
  const match = CONDITION.exec(text);
  if (!match)
    throw new ProblemError(
      'bad-filter',
      `where is ${JSON.stringify(text.slice(0, 80))}; write ${FILTER_RULE}`,
    );
  const [, column = '', symbol = 'in', rest = ''] = match;
  checkColumn(table, column);
  const operator = symbol === '!=' ? '<>' : (symbol as Filter['operator']);
  const isJson = kindOf(columnOf(table, column)?.type ?? '') === 'json';
  if (isJson !== (operator === '@>'))
    throw new ProblemError(
      'bad-filter',
      isJson
        ? `${column} is JSON; write ${column} @> {"key":"value"}`
        : `@> is for JSON columns, and ${column} is not one`,
    );
  const texts = operator === 'in' ? parseList(column, rest) : [rest];
  const values = texts.map((value) => parseValue(table, column, value));
  return { column, operator, values: values.map(({ value }) => value), cast: values[0]?.cast ?? 'text' };
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
    `There is no column ${JSON.stringify(name.slice(0, 80))} to compare; the columns are ${names.join(', ')}`,
  );
}

function parseList(column: string, text: string): readonly string[] {
  const list = readJson(text);
  const isList = Array.isArray(list) && list.length > 0 && list.length <= MAX_VALUES;
  if (!isList || !list.every(isScalar))
    throw new ProblemError(
      'bad-filter',
      `in takes a JSON array of 1 to ${MAX_VALUES} texts, numbers or booleans, for example ${column} in ["a","b"]`,
    );
  return list.map(String);
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value === 'string' || typeof value === 'boolean';
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
