// Rules about what aggregates compute: figures that cannot be combined, and names that collide.
import type { ContinuousAggregate, Relation } from '../language/aggregate';
import type { Expression } from '../language/expressions';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

export const expressionRules: readonly LintRule[] = [
  {
    id: 'TS005',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) =>
        combined(aggregate)
          .filter(({ as, of }) => as === 'average' && of === 'average')
          .map(({ column }) =>
            fault(
              aggregate,
              `averages ${column}, which is already an average in ${nameOf(aggregate.from)}: the result is wrong when buckets have different numbers of values. Keep sum and count there, and use weightedAvg() or rollup()`,
            ),
          ),
      ),
  },
  {
    id: 'TS012',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) =>
        combined(aggregate)
          .filter(({ as, of }) => of === 'whole' || (as === 'sum' && of === 'average'))
          .map(({ column }) =>
            fault(
              aggregate,
              `sums or averages ${column} of ${nameOf(aggregate.from)}: a percentile, a distinct count, a deviation or an average cannot be combined over buckets. Compute it from the raw table, or take min() or max() of it`,
            ),
          ),
      ),
  },
  {
    id: 'TS013',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) => {
        const names = aggregate.columnNames as readonly string[];
        const twice = names.filter((name, at) => names.indexOf(name) !== at);
        return twice.length > 0
          ? [
              fault(
                aggregate,
                `has two columns called ${twice.join(', ')}: the server rejects that, and "bucket" is always the time of the bucket. Rename one of them`,
              ),
            ]
          : [];
      }),
  },
];

/** How an aggregate uses a column of its source, and what that column is. */
interface Use {
  readonly column: string;
  readonly as: 'sum' | 'average';
  /** `average` can only be combined with its weights. `whole` describes all rows of a bucket and cannot be combined at all. */
  readonly of: 'average' | 'whole' | 'additive';
}

function combined({ select, from }: ContinuousAggregate): readonly Use[] {
  return Object.values(select)
    .flatMap(uses)
    .map(({ column, as }) => ({ column, as, of: natureOf(from, column) }));
}

function uses(expression: Expression): readonly Pick<Use, 'column' | 'as'>[] {
  switch (expression.kind) {
    case 'aggregate':
      if (expression.fn === 'avg') return [{ column: expression.column, as: 'average' }];
      return expression.fn === 'sum' ? [{ column: expression.column, as: 'sum' }] : [];
    case 'total':
      return [{ column: expression.column, as: 'sum' }];
    case 'ratio-of-sums':
      return [
        { column: expression.numerator, as: 'sum' },
        { column: expression.denominator, as: 'sum' },
      ];
    case 'difference':
      return [...uses(expression.left), ...uses(expression.right)];
    case 'filtered':
      return uses(expression.expression);
    default:
      return [];
  }
}

function natureOf(source: Relation, column: string): Use['of'] {
  const expression = source.kind === 'aggregate' ? source.select[column] : undefined;
  if (expression === undefined) return 'additive';
  if (expression.kind === 'ratio-of-sums' || (expression.kind === 'aggregate' && expression.fn === 'avg'))
    return 'average';
  const whole =
    expression.kind === 'percentile' ||
    expression.kind === 'count-distinct' ||
    (expression.kind === 'aggregate' && expression.fn === 'stddev');
  return whole ? 'whole' : 'additive';
}
