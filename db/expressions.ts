// What a continuous aggregate computes, as data with the column names it uses.

/** Aggregate functions that take one column. */
export type AggregateFunction = 'avg' | 'min' | 'max' | 'sum' | 'count' | 'stddev';

/** What a continuous aggregate computes per bucket; data, rendered to SQL in `aggregate-sql.ts`. */
export type Expression<C extends string = string> =
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction; readonly column: C }
  | { readonly kind: 'count-rows' }
  | { readonly kind: 'total'; readonly column: C }
  | { readonly kind: 'ratio-of-sums'; readonly numerator: C; readonly denominator: C }
  | { readonly kind: 'difference'; readonly left: Expression<C>; readonly right: Expression<C> };

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

/** The sum of carried counts, as a bigint like the counts themselves (`sum(bigint)` alone would be numeric). */
export function total<const C extends string>(countColumn: C): Expression<C> {
  return Object.freeze({ kind: 'total', column: countColumn });
}

/**
 * The exact average over coarser buckets: sums of sums divided by sums of counts.
 * An average of averages is wrong as soon as buckets hold different numbers of values.
 */
export function weightedAvg<const C extends string>(sumColumn: C, countColumn: C): Expression<C> {
  return Object.freeze({ kind: 'ratio-of-sums', numerator: sumColumn, denominator: countColumn });
}

/** `left - right`, e.g. the range `minus(max('temperature'), min('temperature'))`. */
export function minus<C extends string>(left: Expression<C>, right: Expression<C>): Expression<C> {
  return Object.freeze({ kind: 'difference', left, right });
}
