// Follows a column of a relation to the columns of tables that its values come from.
import type { Relation } from '../../language/aggregate';
import { columnsIn } from '../../language/expression-columns';
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
  const read = expression === undefined ? [name] : columnsIn(expression, occurring(of.from));
  return read.flatMap((column) => {
    const source = { of: of.from, name: column };
    return [source, ...sourcesOf(source)];
  });
}

// In SQL text, every column of the source whose name occurs counts.
const occurring =
  (source: Relation) =>
  (sql: string): readonly string[] =>
    source.columnNames.filter((name) => new RegExp(`(?<!\\w)${escaped(name)}(?!\\w)`).test(sql));

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

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
