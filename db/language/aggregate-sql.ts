// Renders a declared continuous aggregate as a SELECT. Both engines use the same text.
import { ident, interval, literal, relation } from '../core/sql';
import { unreachable } from '../core/unreachable';
import type { ContinuousAggregate } from './aggregate';
import type { Condition, Expression } from './expressions';

/** The query that an aggregate materialises; `where` narrows the source rows, e.g. to a refresh window. */
export function aggregateQuery(aggregate: ContinuousAggregate, where?: string): string {
  const columns = [
    `public.time_bucket(${interval(aggregate.bucket)}, ${ident(aggregate.from.time)}) AS "bucket"`,
    ...aggregate.groupBy.map((name) => ident(name)),
    ...Object.entries(aggregate.select).map(
      ([name, expression]) => `${expressionSql(expression)} AS ${ident(name)}`,
    ),
  ];
  // GROUP BY uses positions, because the source may also have a column called "bucket": another aggregate has one.
  const groups = [1, ...aggregate.groupBy.map((_, at) => at + 2)].join(', ');
  return [
    `SELECT ${columns.join(', ')}`,
    `FROM ${relation(aggregate.from)}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    `GROUP BY ${groups}`,
  ].join(' ');
}

/** One computed column. */
export function expressionSql(expression: Expression): string {
  switch (expression.kind) {
    case 'aggregate':
      return `${expression.fn}(${ident(expression.column)})`;
    case 'count-rows':
      return 'count(*)';
    case 'total':
      return `sum(${ident(expression.column)})::bigint`;
    case 'ratio-of-sums':
      return `sum(${ident(expression.numerator)}) / nullif(sum(${ident(expression.denominator)}), 0)::double precision`;
    case 'difference':
      return `${expressionSql(expression.left)} - ${expressionSql(expression.right)}`;
    case 'first-or-last':
      return `public.${expression.fn}(${ident(expression.column)}, ${ident(expression.by)})`;
    case 'percentile':
      return `percentile_cont(${expression.fraction}) WITHIN GROUP (ORDER BY ${ident(expression.column)})`;
    case 'count-distinct':
      return `count(DISTINCT ${ident(expression.column)})`;
    case 'filtered':
      return `${expressionSql(expression.expression)} FILTER (WHERE ${conditionSql(expression.condition)})`;
    case 'sql':
      return expression.sql;
    default:
      return unreachable(expression);
  }
}

function conditionSql({ column, operator, value }: Condition): string {
  return `${ident(column)} ${operator} ${typeof value === 'string' ? literal(value) : String(value)}`;
}
