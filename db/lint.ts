// Rules over the whole declaration, checked before any SQL: combinations that the server accepts and that lose data.
import { type ContinuousAggregate, nameOf, type Relation } from './define';
import { UsageError } from './errors';
import type { Expression } from './expressions';
import { approximateMicroseconds, type Interval, parseDuration } from './interval';
import type { Desired } from './model';

/** One broken rule, as a sentence with what, why and the way out. */
export interface LintFault {
  readonly rule: string;
  readonly object: string;
  readonly message: string;
}

interface LintRule {
  readonly id: string;
  check(desired: Desired): readonly (readonly [object: string, message: string])[];
}

/** All rules; ids are stable and documented in db/README.md. */
export const lintRules: readonly LintRule[] = [
  {
    id: 'TS001',
    // A refresh over a range whose source rows were dropped deletes the aggregated rows of that range.
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) => {
        const { retention } = aggregate.from;
        if (
          retention === undefined ||
          length(retention) >= length(aggregate.refresh.startOffset) + length(aggregate.bucket)
        ) {
          return [];
        }
        return [
          [
            nameOf(aggregate),
            `refreshes the last ${aggregate.refresh.startOffset}, but ${nameOf(aggregate.from)} keeps only ${retention}: refreshing dropped rows deletes their buckets. Keep the source at least a window and a bucket, or shorten startOffset`,
          ] as const,
        ];
      }),
  },
  {
    id: 'TS002',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) => {
        const { startOffset, endOffset } = aggregate.refresh;
        // A month bucket may last 31 days; anything else is exact.
        const bucket = parseDuration(aggregate.bucket);
        const longest = length(aggregate.bucket) + (bucket.months > 0 ? bucket.months * length('1 day') : 0);
        if (length(startOffset) - length(endOffset) >= 2 * longest) return [];
        return [
          [
            nameOf(aggregate),
            `the refresh window ${startOffset} … ${endOffset} holds fewer than two buckets of ${aggregate.bucket}, which the server refuses; enlarge startOffset`,
          ] as const,
        ];
      }),
  },
  {
    id: 'TS003',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) => {
        if (aggregate.from.kind !== 'aggregate' || isMultiple(aggregate.bucket, aggregate.from.bucket))
          return [];
        return [
          [
            nameOf(aggregate),
            `its bucket of ${aggregate.bucket} is not a multiple of the ${aggregate.from.bucket} of ${nameOf(aggregate.from)}: a source bucket would fall into two; choose a multiple`,
          ] as const,
        ];
      }),
  },
  {
    id: 'TS004',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) => {
        const both = table.columnstore?.segmentBy.filter((name) =>
          table.columnstore?.orderBy.some((key) => key.column === name),
        );
        if (!both?.length) return [];
        return [
          [
            nameOf(table),
            `columnstore both segments and orders by ${both.join(', ')}; a column can do one of the two`,
          ] as const,
        ];
      }),
  },
  {
    id: 'TS005',
    check: ({ aggregates }) =>
      aggregates.flatMap((aggregate) =>
        averagedAverages(aggregate).map(
          (column) =>
            [
              nameOf(aggregate),
              `averages ${column}, which is itself an average in ${nameOf(aggregate.from)}: wrong as soon as buckets hold different numbers of values. Carry sum and count and use weightedAvg()`,
            ] as const,
        ),
      ),
  },
];

/** Checks every rule. */
export function lint(desired: Desired): readonly LintFault[] {
  return lintRules.flatMap(({ id, check }) =>
    check(desired).map(([object, message]) => ({ rule: id, object, message })),
  );
}

/** @throws UsageError that lists every fault. */
export function requireLintFree(desired: Desired): void {
  const faults = lint(desired);
  if (faults.length === 0) return;
  throw new UsageError(faults.map(({ rule, object, message }) => `${rule} ${object}: ${message}`).join('\n'));
}

function length(duration: string): number {
  return approximateMicroseconds(parseDuration(duration));
}

function isMultiple(coarse: string, fine: string): boolean {
  const [a, b] = [parseDuration(coarse), parseDuration(fine)] as const;
  if (b.months > 0) return a.days === 0 && a.microseconds === 0 && a.months % b.months === 0;
  // A month is whole days, whatever its length: fine buckets must divide a day evenly.
  if (a.months > 0) return fixed({ ...a, months: 0 }) === 0 && length('1 day') % fixed(b) === 0;
  return fixed(a) % fixed(b) === 0;
}

const fixed = (interval: Interval): number => approximateMicroseconds({ ...interval, months: 0 });

function averagedAverages(aggregate: ContinuousAggregate): readonly string[] {
  return Object.values(aggregate.select).flatMap((expression) =>
    averagedColumns(expression).filter((name) => isAverage(aggregate.from, name)),
  );
}

function averagedColumns(expression: Expression): readonly string[] {
  if (expression.kind === 'difference')
    return [...averagedColumns(expression.left), ...averagedColumns(expression.right)];
  return expression.kind === 'aggregate' && expression.fn === 'avg' ? [expression.column] : [];
}

function isAverage(source: Relation, column: string): boolean {
  if (source.kind !== 'aggregate') return false;
  const expression = source.select[column];
  return (
    expression?.kind === 'ratio-of-sums' || (expression?.kind === 'aggregate' && expression.fn === 'avg')
  );
}
