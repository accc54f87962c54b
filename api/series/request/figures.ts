// Figures: what clients can ask to be computed per bucket, over columns of a hypertable.
import { expressionSql } from '../../../db/language/aggregate-sql';
import type { Column } from '../../../db/language/columns';
import type { Expression } from '../../../db/language/expressions';
import type { Hypertable } from '../../../db/language/hypertable';

/** A computation over the order of samples, which no aggregate can carry; see `queries/sequences.ts`. */
export interface Sequence {
  readonly kind: 'sequence';
  readonly fn: 'rate' | 'delta' | 'increase' | 'twa';
  readonly column: string;
}

/** A computation over rows of a hypertable. */
export type Figure =
  | Extract<
      Expression,
      { kind: 'aggregate' | 'count-rows' | 'first-or-last' | 'percentile' | 'count-distinct' }
    >
  | Sequence;

/** A computation over rows of a relation. */
export type Computation = Expression | Sequence;

export const isSequence = (computation: Computation): computation is Sequence =>
  computation.kind === 'sequence';

/** `avg("temperature")`: equal texts are equal figures. */
export const figureKey = (figure: Figure): string =>
  isSequence(figure) ? `${figure.fn}(${figure.column})` : expressionSql(figure);

/** The declared column; undefined for every other name, e.g. `__proto__`. */
export function columnOf({ columns }: Hypertable, name: string): Column | undefined {
  return Object.hasOwn(columns, name) ? columns[name] : undefined;
}

/** The count of a column. When the column is never NULL, that is the number of rows. */
export function countOf(table: Hypertable, column: string): Figure {
  return columnOf(table, column)?.nullable === false
    ? { kind: 'count-rows' }
    : { kind: 'aggregate', fn: 'count', column };
}
