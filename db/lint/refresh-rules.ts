// Refresh windows, buckets and retention: the rules that keep aggregates from losing history.
import { approximateMicroseconds, type Interval, lengthOf, parseDuration } from '../language/interval';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

export const refreshRules: readonly LintRule[] = [
  {
    id: 'TS001',
    // A refresh over a range whose source rows were dropped deletes the aggregated rows of that range.
    check: ({ aggregates }) =>
      aggregates
        .filter(
          ({ from, refresh, bucket }) =>
            from.retention !== undefined &&
            lengthOf(from.retention) < lengthOf(refresh.startOffset) + lengthOf(bucket),
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `refreshes the last ${aggregate.refresh.startOffset}, but ${nameOf(aggregate.from)} keeps only ${aggregate.from.retention}: refreshing dropped rows deletes their buckets. Keep the source at least a window and a bucket, or shorten startOffset`,
          ),
        ),
  },
  {
    id: 'TS002',
    check: ({ aggregates }) =>
      aggregates
        .filter(({ bucket, refresh }) => {
          // A month bucket may last 31 days; anything else is exact.
          const longest = lengthOf(bucket) + parseDuration(bucket).months * lengthOf('1 day');
          return lengthOf(refresh.startOffset) - lengthOf(refresh.endOffset) < 2 * longest;
        })
        .map((aggregate) =>
          fault(
            aggregate,
            `the refresh window ${aggregate.refresh.startOffset} … ${aggregate.refresh.endOffset} holds fewer than two buckets of ${aggregate.bucket}, which the server refuses; enlarge startOffset`,
          ),
        ),
  },
  {
    id: 'TS003',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) => {
        if (aggregate.from.kind !== 'aggregate' || isMultiple(aggregate.bucket, aggregate.from.bucket))
          return [];
        return [
          fault(
            aggregate,
            `its bucket of ${aggregate.bucket} is not a multiple of the ${aggregate.from.bucket} of ${nameOf(aggregate.from)}: a source bucket would fall into two; choose a multiple`,
          ),
        ];
      }),
  },
  {
    id: 'TS006',
    check: ({ aggregates }) =>
      aggregates
        .filter(
          ({ retention, refresh, bucket }) =>
            retention !== undefined && lengthOf(retention) < lengthOf(refresh.startOffset) + lengthOf(bucket),
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `keeps ${aggregate.retention} and refreshes the last ${aggregate.refresh.startOffset}: each refresh would bring back what retention dropped. Keep it longer, or shorten startOffset`,
          ),
        ),
  },
  {
    id: 'TS007',
    check: ({ aggregates }) =>
      aggregates
        .filter(
          ({ refresh }) =>
            lengthOf(refresh.every) > lengthOf(refresh.startOffset) - lengthOf(refresh.endOffset),
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `is refreshed every ${aggregate.refresh.every}, but a window holds only ${aggregate.refresh.startOffset} … ${aggregate.refresh.endOffset}: what lies between two windows would never be refreshed. Refresh more often, or enlarge startOffset`,
          ),
        ),
  },
];

function isMultiple(coarse: string, fine: string): boolean {
  const [a, b] = [parseDuration(coarse), parseDuration(fine)] as const;
  if (b.months > 0) return a.days === 0 && a.microseconds === 0 && a.months % b.months === 0;
  // A month is whole days, whatever its length: fine buckets must divide a day evenly.
  if (a.months > 0) return fixed(a) === 0 && lengthOf('1 day') % fixed(b) === 0;
  return fixed(a) % fixed(b) === 0;
}

const fixed = (interval: Interval): number => approximateMicroseconds({ ...interval, months: 0 });
