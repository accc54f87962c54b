// Rules about refresh windows, buckets and retention. They keep aggregates from losing history.
import { approximateMicroseconds, type Interval, lengthOf, parseDuration } from '../language/interval';
import { lengthBounds, remainder, remainderOf } from '../language/interval-bounds';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

export const refreshRules: readonly LintRule[] = [
  {
    id: 'TS001',
    // Refreshing a range deletes its buckets if the source rows were dropped.
    check: ({ aggregates }) =>
      aggregates
        .filter(
          ({ from, refresh, bucket }) =>
            from.retention !== undefined &&
            remainder(from.retention, refresh.startOffset, bucket).shortest < 0,
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `refreshes the last ${aggregate.refresh.startOffset}, but ${nameOf(aggregate.from)} keeps its rows for only ${aggregate.from.retention}: a refresh deletes the buckets of rows that are gone. Keep the rows of the source for at least startOffset plus one bucket, or shorten startOffset`,
          ),
        ),
  },
  {
    id: 'TS002',
    check: ({ aggregates }) =>
      aggregates
        .filter(({ bucket, refresh }) => {
          const left = remainderOf(refresh.startOffset, refresh.endOffset, bucket, bucket);
          // The server takes months of 30 days when it checks a policy, and real ones when it runs it.
          return Math.min(lengthBounds(left).shortest, approximateMicroseconds(left)) < 0;
        })
        .map((aggregate) =>
          fault(
            aggregate,
            `has a refresh window (${aggregate.refresh.startOffset} … ${aggregate.refresh.endOffset}) that is shorter than two buckets of ${aggregate.bucket}: the server rejects such a policy. Enlarge startOffset`,
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
            `has buckets of ${aggregate.bucket}, which is not a multiple of the ${aggregate.from.bucket} buckets of ${nameOf(aggregate.from)}: one source bucket would belong to two buckets. Choose a multiple`,
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
            retention !== undefined && remainder(retention, refresh.startOffset, bucket).shortest < 0,
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `keeps its buckets for ${aggregate.retention}, but refreshes the last ${aggregate.refresh.startOffset}: each refresh would create buckets again that retention has dropped. Lengthen the retention, or shorten startOffset`,
          ),
        ),
  },
  {
    id: 'TS007',
    check: ({ aggregates }) =>
      aggregates
        .filter(
          ({ refresh }) => remainder(refresh.startOffset, refresh.endOffset, refresh.every).shortest < 0,
        )
        .map((aggregate) =>
          fault(
            aggregate,
            `is refreshed every ${aggregate.refresh.every}, but its refresh window (${aggregate.refresh.startOffset} … ${aggregate.refresh.endOffset}) is shorter than that: the time between two windows would never be refreshed. Refresh more often, or enlarge startOffset`,
          ),
        ),
  },
];

function isMultiple(coarse: string, fine: string): boolean {
  const [a, b] = [parseDuration(coarse), parseDuration(fine)] as const;
  if (b.months > 0) return a.days === 0 && a.microseconds === 0 && a.months % b.months === 0;
  // Every month is a number of whole days, so it is a multiple of each bucket that divides a day evenly.
  if (a.months > 0) return fixed(a) === 0 && lengthOf('1 day') % fixed(b) === 0;
  return fixed(a) % fixed(b) === 0;
}

const fixed = (interval: Interval): number => approximateMicroseconds({ ...interval, months: 0 });
