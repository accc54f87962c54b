// Averages from sums and counts, without underflow.
import { expressionSql } from '../../../db/language/aggregate-sql';
import type { Expression } from '../../../db/language/expressions';

/** A computed column of a query; a ratio is `ratioSql`. */
export const figureSql = (expression: Expression): string =>
  expression.kind === 'ratio-of-sums'
    ? ratioSql(
        expressionSql({ kind: 'aggregate', fn: 'sum', column: expression.numerator }),
        expressionSql({ kind: 'aggregate', fn: 'sum', column: expression.denominator }),
      )
    : expressionSql(expression);

/**
 * A sum divided by a count; NULL when the count is 0. PostgreSQL raises an error when a quotient of floats is so small that it
 * becomes 0, so a sum that may come to that is 0 from the start.
 */
export const ratioSql = (sum: string, count: string): string =>
  `CASE WHEN abs(${sum}) < 1e-290 THEN 0 ELSE ${sum} / nullif(${count}, 0)::double precision END`;
