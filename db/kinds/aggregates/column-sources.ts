// Follows a column of a relation to the columns of tables that its values come from.
import { unreachable } from '../../core/unreachable';
import type { Relation } from '../../language/aggregate';
import type { Expression } from '../../language/expressions';

/** A column of a declared relation. */
export interface SourceColumn {
  readonly of: Relation;
  readonly name: string;
}

/** The columns that a column is computed from, nearest first, through all aggregates down to the table; itself not included. */
export function sourcesOf({ of, name }: SourceColumn): readonly SourceColumn[] {
  if (of.kind === 'hypertable') return [];
  const expression = of.select[name];
  if (expression === undefined && !of.groupBy.includes(name)) return [];
  const read = expression === undefined ? [name] : columnsOf(expression, of.from);
  return read.flatMap((column) => {
    const source = { of: of.from, name: column };
    return [source, ...sourcesOf(source)];
  });
}

/** The columns that an expression reads. In SQL text, every column of the source whose name occurs counts. */
function columnsOf(expression: Expression, source: Relation): readonly string[] {
  switch (expression.kind) {
    case 'aggregate':
    case 'total':
    case 'percentile':
    case 'count-distinct':
      return [expression.column];
    case 'count-rows':
      return [];
    case 'ratio-of-sums':
      return [expression.numerator, expression.denominator];
    case 'difference':
      return [...columnsOf(expression.left, source), ...columnsOf(expression.right, source)];
    case 'first-or-last':
      return [expression.column, expression.by];
    case 'filtered':
      return [...columnsOf(expression.expression, source), expression.condition.column];
    case 'sql':
      return source.columnNames.filter((name) => new RegExp(`(?<!\\w)${name}(?!\\w)`).test(expression.sql));
    default:
      return unreachable(expression);
  }
}

/** Whether an expression counts rows, so that it is 0 and not NULL where there are no values. */
export function countsRows(expression: Expression | undefined): boolean {
  switch (expression?.kind) {
    case 'count-rows':
    case 'count-distinct':
      return true;
    case 'aggregate':
      return expression.fn === 'count';
    case 'filtered':
      return countsRows(expression.expression);
    default:
      return false;
  }
}
