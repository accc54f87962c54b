// What can be chosen for a declared table: the field, the figure of it, and the column whose values tell lines apart.

const NUMERIC = /^(smallint|integer|bigint|int\d?|real|float|double|numeric|decimal)/;
const KEYS = /^(text|varchar|character|char|uuid|boolean|smallint|integer|bigint|int\d?$)/;

const FIGURES = [
  ['avg', 'average'],
  ['min', 'minimum'],
  ['max', 'maximum'],
  ['sum', 'sum'],
  ['count', 'count'],
  ['first', 'first'],
  ['last', 'last'],
  ['median', 'median'],
  ['p95', '95th percentile'],
  ['stddev', 'standard deviation'],
];

/** The field that means whole rows. */
export const ROWS = '*';

/** Options for the field: the numeric columns, and the rows themselves. */
export function numericFields({ columns, time }) {
  const numeric = columns.filter(({ name, type }) => name !== time && NUMERIC.test(type));
  return [...numeric.map(({ name, unit }) => [name, unit ? `${name} (${unit})` : name]), [ROWS, 'rows']];
}

/** Options for the figure; rows can only be counted. */
export const figures = (field) => FIGURES.filter(([name]) => field !== ROWS || name === 'count');

/** The columns whose values can tell lines apart. */
export function keyColumns({ columns, time }) {
  return columns.filter(({ name, type }) => name !== time && KEYS.test(type)).map(({ name }) => name);
}

/** The state with every choice made: what the address says where that is possible, or else the first option. */
export function choicesOf(tables, state) {
  const table = tables.find(({ name }) => name === state.table) ?? tables[0];
  const oneOf = (options, wanted) => options.find(([value]) => value === wanted)?.[0] ?? options[0][0];
  const field = oneOf(numericFields(table), state.field);
  return {
    ...state,
    table: table.name,
    field,
    figure: oneOf(figures(field), state.figure),
    by: keyColumns(table).includes(state.by) ? state.by : '',
  };
}
