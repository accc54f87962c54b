// Rules about columnstore settings that the server rejects, or accepts although they work badly.
import { groupBy } from '../core/group-by';
import type { ContinuousAggregate } from '../language/aggregate';
import { relationsOf } from '../language/desired';
import type { Duration } from '../language/interval';
import { remainder } from '../language/interval-bounds';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

const SKIPPABLE: readonly string[] = ['smallint', 'integer', 'bigint', 'date', 'timestamp with time zone'];

export const columnstoreRules: readonly LintRule[] = [
  {
    id: 'TS004',
    check: (desired) =>
      relationsOf(desired).flatMap((object) => {
        const both = object.columnstore?.segmentBy.filter((name) =>
          object.columnstore?.orderBy.some((key) => key.column === name),
        );
        return both?.length
          ? [
              fault(
                object,
                `has a columnstore with ${both.join(', ')} in both segmentBy and orderBy: the server rejects that. Name a column in only one of them`,
              ),
            ]
          : [];
      }),
  },
  {
    id: 'TS008',
    check: (desired) => {
      const readers = groupBy(desired.aggregates, ({ from }) => nameOf(from));
      return relationsOf(desired).flatMap((object) => {
        const own = object.kind === 'aggregate' ? [object] : [];
        const { columnstore } = object;
        if (columnstore === undefined || columnstore.acceptLateRows) return [];
        const writers = [...own, ...(readers.get(nameOf(object)) ?? [])];
        const [widest] = windowsBeyond(writers, columnstore.after);
        if (widest === undefined) return [];
        return [
          fault(
            object,
            `converts chunks after ${columnstore.after}, but ${nameOf(widest)} refreshes the last ${widest.refresh.startOffset}: late rows and refreshes would rewrite converted chunks again and again. Convert later, or declare acceptLateRows: true`,
          ),
        ];
      });
    },
  },
  {
    id: 'TS009',
    check: (desired) =>
      relationsOf(desired)
        .filter(
          ({ columnstore, time }) =>
            columnstore !== undefined && !columnstore.orderBy.some((key) => key.column === time),
        )
        .map((object) =>
          fault(
            object,
            `has a columnstore that is not ordered by ${object.time}: a query for a time range would read whole segments. Add ${object.time} to orderBy`,
          ),
        ),
  },
  {
    id: 'TS010',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) => {
        if (table.columnstore === undefined) return [];
        const serial = Object.entries(table.columns).filter(([, column]) =>
          /\bnextval\s*\(/i.test(column.defaultSql ?? ''),
        );
        return serial.map(([name]) =>
          fault(
            table,
            `has a columnstore, and column ${name} has a nextval() default: if such a column is added to converted chunks, it stays NULL there although it is NOT NULL. Let the writer set the number, or use a uuid`,
          ),
        );
      }),
  },
  {
    id: 'TS019',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) => {
        const skipping = table.chunkSkipping ?? [];
        if (skipping.length > 0 && table.columnstore === undefined) {
          return [
            fault(
              table,
              'has chunkSkipping without a columnstore: the server knows the ranges of columns only for converted chunks. Declare a columnstore, or remove chunkSkipping',
            ),
          ];
        }
        return skipping
          .filter((name) => !SKIPPABLE.includes(table.columns[name]?.type ?? ''))
          .map((name) =>
            fault(
              table,
              `cannot skip chunks by ${name} of type ${table.columns[name]?.type}: the server keeps ranges only for ${SKIPPABLE.join(', ')}. Remove it from chunkSkipping`,
            ),
          );
      }),
  },
  {
    id: 'TS011',
    check: (desired) =>
      relationsOf(desired)
        .filter(
          ({ columnstore, retention }) =>
            columnstore !== undefined &&
            retention !== undefined &&
            remainder(retention, columnstore.after).shortest <= 0,
        )
        .map((object) =>
          fault(
            object,
            `converts chunks after ${object.columnstore?.after}, but drops them after ${object.retention}: no chunk would ever be converted. Convert earlier, or remove the columnstore`,
          ),
        ),
  },
];

/** The aggregates whose refresh window can reach back further than `after`, the widest first. */
function windowsBeyond(
  aggregates: readonly ContinuousAggregate[],
  after: Duration,
): readonly ContinuousAggregate[] {
  const spare = ({ refresh }: ContinuousAggregate): number => remainder(after, refresh.startOffset).shortest;
  return aggregates.filter((aggregate) => spare(aggregate) < 0).sort((a, b) => spare(a) - spare(b));
}
