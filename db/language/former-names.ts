// The former names in a declaration, in the order in which the renames are made.
import type { ContinuousAggregate, Relation } from './aggregate';
import { type DeclaredTable, type Desired, tablesOf } from './desired';

/** A declared object, or a column of it, with the name that it had before. */
export interface FormerName {
  readonly of: 'table' | 'column' | 'aggregate' | 'aggregate-column';
  /** The object as declared. */
  readonly object: DeclaredTable | ContinuousAggregate;
  readonly from: string;
  readonly to: string;
}

/**
 * All former names: tables before their columns, sources before the aggregates on them. A column of `groupBy` has the former
 * name of the column that it groups by.
 */
export function formerNames(desired: Desired): readonly FormerName[] {
  return [
    ...tablesOf(desired).flatMap((table): FormerName[] => [
      ...itself('table', table),
      ...Object.entries(table.columns).flatMap(([to, { formerName: from }]): FormerName[] =>
        from === undefined ? [] : [{ of: 'column', object: table, from, to }],
      ),
    ]),
    ...desired.aggregates.flatMap((aggregate): FormerName[] => [
      ...itself('aggregate', aggregate),
      ...aggregate.columnNames.flatMap((to): FormerName[] => {
        const from = formerColumn(aggregate, to);
        return from === undefined ? [] : [{ of: 'aggregate-column', object: aggregate, from, to }];
      }),
    ]),
  ];
}

function itself(of: 'table' | 'aggregate', object: FormerName['object']): readonly FormerName[] {
  return object.renamedFrom === undefined ? [] : [{ of, object, from: object.renamedFrom, to: object.name }];
}

function formerColumn(relation: Relation, name: string): string | undefined {
  if (relation.kind === 'hypertable') return relation.columns[name]?.formerName;
  const own = relation.columnsRenamedFrom?.[name];
  if (own !== undefined || !relation.groupBy.includes(name)) return own;
  return formerColumn(relation.from, name);
}
