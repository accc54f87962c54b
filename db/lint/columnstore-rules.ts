// Columnstore settings that the server refuses, or takes and then works badly with.
import { type Desired, relationsOf } from '../language/desired';
import { lengthOf } from '../language/interval';
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
                `columnstore both segments and orders by ${both.join(', ')}; a column can do one of the two`,
              ),
            ]
          : [];
      }),
  },
  {
    id: 'TS008',
    check: (desired) =>
      relationsOf(desired).flatMap((object) => {
        const window = widestWindow(desired, object);
        const { columnstore } = object;
        if (
          columnstore === undefined ||
          columnstore.acceptLateRows ||
          lengthOf(columnstore.after) >= window.length
        )
          return [];
        return [
          fault(
            object,
            `is converted to columnstore after ${columnstore.after}, inside the ${window.text} that ${window.of} refreshes: late rows and refreshes would rewrite converted chunks again and again. Convert later, or say acceptLateRows: true`,
          ),
        ];
      }),
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
            `columnstore does not order by ${object.time}: queries for a range of time would read whole segments. Add it to orderBy`,
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
            `column ${name} numbers itself on a columnstore table: added to converted chunks it would stay NULL there although it refuses NULL. Let the writer give the number, or use a uuid`,
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
              'skips chunks by their column ranges, which are only known of converted chunks; declare a columnstore, or leave chunkSkipping out',
            ),
          ];
        }
        return skipping
          .filter((name) => !SKIPPABLE.includes(table.columns[name]?.type ?? ''))
          .map((name) =>
            fault(
              table,
              `cannot skip chunks by ${name} of type ${table.columns[name]?.type}: the server keeps ranges of ${SKIPPABLE.join(', ')} only; leave it out`,
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
            lengthOf(columnstore.after) >= lengthOf(retention),
        )
        .map((object) =>
          fault(
            object,
            `is converted to columnstore after ${object.columnstore?.after} and dropped after ${object.retention}: nothing would ever be converted. Convert earlier, or leave columnstore out`,
          ),
        ),
  },
];

/** The longest refresh window that reads or writes an object: its dependents' and, for an aggregate, its own. */
function widestWindow(
  { aggregates }: Desired,
  object: { readonly schema: string; readonly name: string },
): { length: number; text: string; of: string } {
  return aggregates
    .filter((aggregate) => nameOf(aggregate) === nameOf(object) || nameOf(aggregate.from) === nameOf(object))
    .map((aggregate) => ({
      length: lengthOf(aggregate.refresh.startOffset),
      text: aggregate.refresh.startOffset,
      of: nameOf(aggregate),
    }))
    .reduce((a, b) => (b.length > a.length ? b : a), { length: 0, text: '', of: '' });
}
