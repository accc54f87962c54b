// Derives a coarser continuous aggregate from a finer one: hours become days, days become months.
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../core/errors';
import {
  type ContinuousAggregate,
  continuousAggregate,
  type FormerColumns,
  type RefreshPolicy,
  type Relation,
} from './aggregate';
import { count, type Expression, filter, max, min, sum, total, weightedAvg } from './expressions';
import type { Columnstore } from './hypertable';
import type { Duration } from './interval';
import { nameOf } from './names';

/**
 * Declares an aggregate over longer buckets of `from`, with the same names, groups and real-time flag. Sums and counts are
 * added up, minima and maxima are taken again, first and last values follow the buckets, and an average is weighted by the
 * sum and the count that `from` has of the same values. Where `from` names the former names of its columns, they had the same
 * names here.
 * @throws UsageError for a column that cannot be combined over buckets, and as `continuousAggregate`.
 */
export function rollup<
  const C extends string,
  const G extends C,
  const F extends Exclude<NoInfer<C>, 'bucket' | NoInfer<G>> = Exclude<C, 'bucket' | G>,
>(
  name: string,
  spec: {
    readonly from: ContinuousAggregate<C, G>;
    readonly bucket: Duration;
    /** The computed columns of `from` to keep, in this order; all of them when left out. */
    readonly columns?: readonly F[];
    readonly refresh: RefreshPolicy;
    readonly columnstore?: Columnstore<'bucket' | NoInfer<G> | NoInfer<F>>;
    readonly retention?: Duration;
    readonly renamedFrom?: string;
  },
): ContinuousAggregate<'bucket' | G | F, G> {
  const { from, bucket, columns, ...policies } = spec;
  const figures: readonly string[] = columns ?? Object.keys(from.select);
  const select = figures.map((column) => [column, combined(name, from, column)]);
  const former = Object.entries(from.columnsRenamedFrom ?? {}).filter(([column]) => figures.includes(column));
  return continuousAggregate(name, {
    from,
    bucket,
    groupBy: from.groupBy,
    select: Object.fromEntries(select) as Record<F, Expression<never>>,
    realTime: from.realTime,
    ...(former.length > 0 ? { columnsRenamedFrom: Object.fromEntries(former) as FormerColumns<G | F> } : {}),
    ...policies,
  });
}

/** The expression that combines a column of the finer aggregate over several of its buckets. */
function combined(name: string, finer: ContinuousAggregate, column: string): Expression {
  const declared = finer.select[column];
  const condition = declared?.kind === 'filtered' ? declared.condition : undefined;
  const expression = declared?.kind === 'filtered' ? declared.expression : declared;
  const carried = (...wanted: readonly Expression[]): string | undefined =>
    Object.keys(finer.select).find((other) =>
      wanted.some((one) => isDeepStrictEqual(finer.select[other], condition ? filter(one, condition) : one)),
    );
  const refused = (why: string): UsageError =>
    new UsageError(
      `${name}: rollup() cannot combine column ${column} of ${nameOf(finer)}: ${why}, or name only the other columns in \`columns\``,
    );
  const average = (sums: readonly Expression[], counts: readonly Expression[], of: string): Expression => {
    const [sumColumn, countColumn] = [carried(...sums), carried(...counts)];
    if (sumColumn !== undefined && countColumn !== undefined) return weightedAvg(sumColumn, countColumn);
    throw refused(`an average is only exact with its sum and count; add ${of} to ${nameOf(finer)}`);
  };
  switch (expression?.kind) {
    case 'count-rows':
    case 'total':
      return total(column);
    case 'ratio-of-sums': {
      const { numerator, denominator } = expression;
      const addedUp = (one: string): readonly Expression[] => [sum(one), total(one)];
      return average(addedUp(numerator), addedUp(denominator), `the sums of ${numerator} and ${denominator}`);
    }
    case 'first-or-last':
      // No row of the first bucket may meet the condition, and then the NULL of that bucket would be taken.
      if (condition !== undefined || expression.by !== finer.from.time) break;
      return Object.freeze({ ...expression, column, by: finer.time });
    case 'aggregate': {
      const { fn, column: of } = expression;
      if (fn === 'min') return min(column);
      if (fn === 'max') return max(column);
      if (fn === 'count') return total(column);
      if (fn === 'sum') return isShortInteger(finer.from, of) ? total(column) : sum(column);
      if (fn === 'avg') return average([sum(of)], [count(of)], `sum('${of}') and count('${of}')`);
    }
  }
  throw refused(
    'its value for many buckets does not follow from its values for each; compute it from the raw table',
  );
}

/** Whether sums of a column have the type bigint. Adding them up again gives numeric, unless `total()` is used. */
function isShortInteger(source: Relation, column: string): boolean {
  const type = source.kind === 'hypertable' ? source.columns[column]?.type : undefined;
  return type === 'smallint' || type === 'integer';
}
