// What the columns of a continuous aggregate mean in terms of its hypertable, through any hierarchy of aggregates.
import type { ContinuousAggregate, Relation } from '../../../db/language/aggregate';
import type { Expression } from '../../../db/language/expressions';
import type { Hypertable } from '../../../db/language/hypertable';
import { rootOf } from '../../database/tables';
import { columnOf, countOf, type Figure } from '../request/figures';

/** What the rows and columns of an aggregate mean in terms of the hypertable. */
export interface Meaning {
  /** Columns of the hypertable that rows are grouped by. */
  readonly keys: readonly string[];
  /** Figures of the hypertable by column; a column without meaning is absent. */
  readonly figures: ReadonlyMap<string, Figure>;
  /** Whether rows are also grouped by something else, so that no request can single out one row. */
  readonly hasOtherKeys: boolean;
}

/**
 * Finds the meaning of an aggregate. Sums of sums, totals of counts, extremes of extremes and weighted averages have a meaning;
 * an average of averages, a percentile of percentiles, filters, differences and SQL have none.
 */
export function meaningOf(aggregate: ContinuousAggregate): Meaning {
  const root = rootOf(aggregate);
  const below = aggregate.from.kind === 'aggregate' ? meaningOf(aggregate.from) : undefined;
  const isKey = (name: string) =>
    below === undefined ? columnOf(root, name) !== undefined : below.keys.includes(name);
  const figures = new Map<string, Figure>();
  for (const [name, expression] of Object.entries(aggregate.select)) {
    const figure =
      below === undefined
        ? directFigure(root, expression)
        : combinedFigure(root, expression, below, keepsRowsApart(aggregate));
    if (figure !== undefined) figures.set(name, figure);
  }
  const keys = aggregate.groupBy.filter(isKey);
  return { keys, figures, hasOtherKeys: keys.length < aggregate.groupBy.length };
}

/** A figure over the hypertable itself. */
function directFigure(root: Hypertable, expression: Expression): Figure | undefined {
  switch (expression.kind) {
    case 'aggregate':
      if (expression.fn === 'count') return countOf(root, expression.column);
      // The sum of real values is a real again, which is too imprecise to be added up further.
      if (expression.fn === 'sum' && columnOf(root, expression.column)?.type === 'real') return undefined;
      return expression;
    case 'first-or-last':
      return expression.by === root.time ? expression : undefined;
    case 'count-rows':
    case 'percentile':
    case 'count-distinct':
      return expression;
    default:
      return undefined;
  }
}

/** A figure over the figures of a finer aggregate. */
function combinedFigure(
  root: Hypertable,
  expression: Expression,
  { figures }: Meaning,
  rowsStayApart: boolean,
): Figure | undefined {
  switch (expression.kind) {
    case 'total':
      return added(figures.get(expression.column));
    case 'aggregate': {
      const figure = figures.get(expression.column);
      if (expression.fn === 'sum') return added(figure);
      const isExtreme = expression.fn === 'min' || expression.fn === 'max';
      return isExtreme && figure?.kind === 'aggregate' && figure.fn === expression.fn ? figure : undefined;
    }
    case 'ratio-of-sums':
      return ratio(root, figures.get(expression.numerator), figures.get(expression.denominator));
    case 'first-or-last': {
      const figure = figures.get(expression.column);
      // Only in order of time, and only when no two rows of the finer aggregate have the same time.
      const inOrder = expression.by === 'bucket' && rowsStayApart;
      return inOrder && figure?.kind === 'first-or-last' && figure.fn === expression.fn ? figure : undefined;
    }
    default:
      return undefined;
  }
}

function added(figure: Figure | undefined): Figure | undefined {
  if (figure?.kind === 'count-rows') return figure;
  return figure?.kind === 'aggregate' && (figure.fn === 'sum' || figure.fn === 'count') ? figure : undefined;
}

/** The average of x, if the ratio is the sum of x divided by the count of x. */
function ratio(root: Hypertable, above: Figure | undefined, below: Figure | undefined): Figure | undefined {
  if (above?.kind !== 'aggregate' || above.fn !== 'sum') return undefined;
  const counts = countOf(root, above.column);
  const fits =
    below?.kind === counts.kind && (below.kind !== 'aggregate' || sameColumn(below, above, 'count'));
  return fits ? { kind: 'aggregate', fn: 'avg', column: above.column } : undefined;
}

const sameColumn = (
  figure: Extract<Figure, { kind: 'aggregate' }>,
  other: { readonly column: string },
  fn: string,
): boolean => figure.fn === fn && figure.column === other.column;

/** Whether each series of the source keeps a row per bucket, because the aggregate is grouped by the same columns. */
function keepsRowsApart({ from, groupBy }: ContinuousAggregate): boolean {
  return from.kind === 'aggregate' && from.groupBy.every((key) => groupBy.includes(key));
}

/** Whether a query of the relation also sees the newest rows, at every level of the hierarchy. */
export function isRealTime(relation: Relation): boolean {
  return relation.kind === 'hypertable' || (relation.realTime && isRealTime(relation.from));
}
