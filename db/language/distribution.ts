// Where the rows of declared objects are on an engine that distributes them over several servers.
import type { ContinuousAggregate, Relation } from './aggregate';
import type { DeclaredTable } from './desired';
import type { Hypertable } from './hypertable';
import type { Index } from './indexes';
import type { PlainTable } from './table';

/**
 * `distributed`: the value of a column decides on which server a row is. `reference`: every server has all rows, so that they are
 * joined anywhere. `coordinator`: all rows are on the server that clients talk to.
 */
export type Placement =
  | { readonly kind: 'distributed'; readonly by: string; readonly colocatedWith?: Relation }
  | { readonly kind: 'reference' }
  | { readonly kind: 'coordinator' };

const COORDINATOR: Placement = { kind: 'coordinator' };

/** Where the rows of an object are. What is not declared follows from `hash`, `segmentBy` and the keys. */
export function placementOf(object: DeclaredTable | ContinuousAggregate): Placement {
  switch (object.kind) {
    case 'table':
      return tablePlacement(object);
    case 'hypertable':
      return hypertablePlacement(object);
    case 'aggregate':
      return aggregatePlacement(object);
  }
}

function tablePlacement({ distributeBy, onCoordinator, secret }: PlainTable): Placement {
  if (distributeBy !== undefined) return { kind: 'distributed', by: distributeBy };
  // A secret has no business on more servers than one.
  return onCoordinator || secret ? COORDINATOR : { kind: 'reference' };
}

function hypertablePlacement(table: Hypertable): Placement {
  const { distributeBy, hash, columnstore } = table;
  if (distributeBy !== undefined) return { kind: 'distributed', by: distributeBy };
  const candidates = [...(hash ? [hash.by] : []), ...(columnstore?.segmentBy ?? [])];
  // A unique key is enforced by each server for its own rows, so it holds the column that decides on the server.
  const by = candidates.find((column) => missingIn(table, column).length === 0);
  return by === undefined ? COORDINATOR : { kind: 'distributed', by };
}

// Where the source is distributed by a column of `groupBy`, each server computes the buckets of its own rows.
function aggregatePlacement({ from, groupBy }: ContinuousAggregate): Placement {
  const source = placementOf(from);
  if (source.kind !== 'distributed') return COORDINATOR;
  if (groupBy.includes(source.by)) return { kind: 'distributed', by: source.by, colocatedWith: from };
  const [by] = groupBy;
  return by === undefined ? COORDINATOR : { kind: 'distributed', by };
}

/** The unique keys of a table without the column, as people write them. */
export function missingIn(table: DeclaredTable, column: string): readonly string[] {
  const columnsOf = ({ keys }: Index): readonly string[] =>
    keys.flatMap((key) => ('column' in key ? [key.column] : []));
  const unique = [
    ...(table.kind === 'table' ? [table.primaryKey] : []),
    ...table.indexes.filter((index) => index.unique).map(columnsOf),
  ];
  return unique
    .filter((columns) => columns.length > 0 && !columns.includes(column))
    .map((columns) => columns.join(', '));
}

/** `by sensor_id`, `on every node`, `on the coordinator`. */
export function describePlacement(placement: Placement): string {
  switch (placement.kind) {
    case 'distributed':
      return `distributed by ${placement.by}`;
    case 'reference':
      return 'on every node';
    case 'coordinator':
      return 'on the coordinator';
  }
}
