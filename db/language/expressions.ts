// What a continuous aggregate computes, as data with the column names it uses.
import { UsageError } from '../core/errors';

/** Aggregate functions that take one column. */
export type AggregateFunction = 'avg' | 'min' | 'max' | 'sum' | 'count' | 'stddev';

/** What a continuous aggregate computes per bucket, as data; `aggregate-sql.ts` renders it as SQL. */
export type Expression<C extends string = string> =
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction; readonly column: C }
  | { readonly kind: 'count-rows' }
  | { readonly kind: 'total'; readonly column: C }
  | { readonly kind: 'ratio-of-sums'; readonly numerator: C; readonly denominator: C }
  | { readonly kind: 'difference'; readonly left: Expression<C>; readonly right: Expression<C> }
  | { readonly kind: 'first-or-last'; readonly fn: 'first' | 'last'; readonly column: C; readonly by: C }
  | { readonly kind: 'percentile'; readonly fraction: number; readonly column: C }
  | { readonly kind: 'count-distinct'; readonly column: C }
  | { readonly kind: 'filtered'; readonly expression: Expression<C>; readonly condition: Condition<C> }
  | { readonly kind: 'sql'; readonly sql: string };

/** A comparison of a column with a constant. */
export interface Condition<C extends string = string> {
  readonly column: C;
  readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>=';
  readonly value: number | string | boolean;
}

const aggregate =
  (fn: AggregateFunction) =>
  <const C extends string>(name: C): Expression<C> =>
    Object.freeze({ kind: 'aggregate', fn, column: name });

export const avg = aggregate('avg');
export const min = aggregate('min');
export const max = aggregate('max');
export const sum = aggregate('sum');
export const stddev = aggregate('stddev');

/** `count()` counts rows, `count('temperature')` counts values that are not NULL. */
export function count(): Expression<never>;
export function count<const C extends string>(name: C): Expression<C>;
export function count(name?: string): Expression {
  return Object.freeze(
    name === undefined ? { kind: 'count-rows' } : { kind: 'aggregate', fn: 'count', column: name },
  );
}

/** The sum of a column of counts, as bigint; `sum(bigint)` alone would be numeric. */
export function total<const C extends string>(countColumn: C): Expression<C> {
  return Object.freeze({ kind: 'total', column: countColumn });
}

/**
 * The exact average over coarser buckets: the sum of the sums divided by the sum of the counts. An average of averages is
 * wrong if the buckets have different numbers of values.
 */
export function weightedAvg<const C extends string>(sumColumn: C, countColumn: C): Expression<C> {
  return Object.freeze({ kind: 'ratio-of-sums', numerator: sumColumn, denominator: countColumn });
}

/** `left - right`, e.g. the range `minus(max('temperature'), min('temperature'))`. */
export function minus<C extends string>(left: Expression<C>, right: Expression<C>): Expression<C> {
  return Object.freeze({ kind: 'difference', left, right });
}

/** The value of a column in the earliest row of the bucket: `first('open', 'time')`. */
export function first<const C extends string>(column: C, by: C): Expression<C> {
  return Object.freeze({ kind: 'first-or-last', fn: 'first', column, by });
}

/** The value of a column in the latest row of the bucket: `last('close', 'time')`. */
export function last<const C extends string>(column: C, by: C): Expression<C> {
  return Object.freeze({ kind: 'first-or-last', fn: 'last', column, by });
}

/**
 * The interpolated percentile of a column; `fraction` lies between 0 and 1. It cannot be combined over coarser buckets.
 * @throws UsageError for any other fraction.
 */
export function percentile<const C extends string>(fraction: number, column: C): Expression<C> {
  if (!(fraction >= 0 && fraction <= 1))
    throw new UsageError(`percentile(${fraction}): write a fraction from 0 to 1, e.g. 0.95`);
  return Object.freeze({ kind: 'percentile', fraction, column });
}

/** The number of different values. It cannot be combined over coarser buckets. */
export function countDistinct<const C extends string>(column: C): Expression<C> {
  return Object.freeze({ kind: 'count-distinct', column });
}

/** An aggregate over the rows that meet a condition: `filter(count(), where('status_code', '>=', 500))`. */
export function filter<E extends string, C extends string>(
  expression: Expression<E>,
  condition: Condition<C>,
): Expression<E | C> {
  return Object.freeze({ kind: 'filtered', expression, condition });
}

/** A condition for `filter`. */
export function where<const C extends string>(
  column: C,
  operator: Condition['operator'],
  value: Condition['value'],
): Condition<C> {
  return Object.freeze({ column, operator, value });
}

/** Any other SQL expression that aggregates rows. The compiler does not check its columns. */
export function sql(text: string): Expression<never> {
  return Object.freeze({ kind: 'sql', sql: text });
}
