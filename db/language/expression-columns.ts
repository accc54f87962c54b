// Which columns an expression of an aggregate reads.
import { unreachable } from '../core/unreachable';
import type { Expression } from './expressions';

/**
 * The columns that an expression names.
 * @param inText finds the columns in an expression that is SQL text.
 */
export function columnsIn(
  expression: Expression,
  inText: (sql: string) => readonly string[],
): readonly string[] {
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
      return [...columnsIn(expression.left, inText), ...columnsIn(expression.right, inText)];
    case 'first-or-last':
      return [expression.column, expression.by];
    case 'filtered':
      return [...columnsIn(expression.expression, inText), expression.condition.column];
    case 'sql':
      return inText(expression.sql);
    default:
      return unreachable(expression);
  }
}
