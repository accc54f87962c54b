// Rules about names of columns: whatever is declared by a column's name needs that column.
import type { ContinuousAggregate, Relation } from '../language/aggregate';
import { type DeclaredTable, tablesOf } from '../language/desired';
import { columnsIn } from '../language/expression-columns';
import type { Columnstore } from '../language/hypertable';
import { nameOf } from '../language/names';
import { type Fault, fault, type LintRule } from './rule';

export const nameRules: readonly LintRule[] = [
  {
    id: 'TS023',
    check: (desired) => [
      ...tablesOf(desired).flatMap((table) => unknown(table, table, tableUses(table))),
      ...desired.aggregates.flatMap((aggregate) => [
        ...unknown(aggregate, aggregate.from, sourceUses(aggregate)),
        ...unknown(aggregate, aggregate, columnstoreUses(aggregate.columnstore)),
      ]),
    ],
  },
];

/** Where a declaration names a column. */
interface Use {
  readonly column: string;
  readonly where: string;
}

function unknown(
  object: DeclaredTable | ContinuousAggregate,
  owner: DeclaredTable | Relation,
  uses: readonly Use[],
): readonly Fault[] {
  const present = columnsOf(owner);
  return uses
    .filter(({ column }) => !present.includes(column))
    .map(({ column, where }) =>
      fault(
        object,
        `names the column ${column} in ${where}, and ${nameOf(owner)} has no such column: the server would reject it in the middle of an apply. Correct the name, or declare the column`,
      ),
    );
}

const columnsOf = (owner: DeclaredTable | Relation): readonly string[] =>
  owner.kind === 'aggregate'
    ? [owner.time, ...owner.groupBy, ...Object.keys(owner.select)]
    : Object.keys(owner.columns);

function tableUses(table: DeclaredTable): readonly Use[] {
  const indexed = table.indexes.flatMap(({ keys }) =>
    keys.flatMap((key) => ('column' in key ? [{ column: key.column, where: 'an index' }] : [])),
  );
  if (table.kind === 'table')
    return [...indexed, ...table.primaryKey.map((column) => ({ column, where: 'the primary key' }))];
  return [
    ...indexed,
    ...(table.hash ? [{ column: table.hash.by, where: 'hash' }] : []),
    ...(table.chunkSkipping ?? []).map((column) => ({ column, where: 'chunkSkipping' })),
    ...columnstoreUses(table.columnstore),
  ];
}

const columnstoreUses = (columnstore: Columnstore | undefined): readonly Use[] => [
  ...(columnstore?.segmentBy ?? []).map((column) => ({ column, where: 'segmentBy' })),
  ...(columnstore?.orderBy ?? []).map(({ column }) => ({ column, where: 'orderBy' })),
];

const sourceUses = ({ groupBy, select }: ContinuousAggregate): readonly Use[] => [
  ...groupBy.map((column) => ({ column, where: 'groupBy' })),
  ...Object.entries(select).flatMap(([name, expression]) =>
    columnsIn(expression, () => []).map((column) => ({ column, where: `its column ${name}` })),
  ),
];
