// The statements that give a new, empty table its place among the servers.
import { ident, literal, relation } from '../../core/sql';
import type { Relation } from '../../language/aggregate';
import type { Placement } from '../../language/distribution';
import { materializationName } from '../../language/names';

/**
 * Statements that place a table.
 * @param table quoted name of the table that holds the rows
 */
export function distribute(table: string, placement: Placement): readonly string[] {
  switch (placement.kind) {
    case 'distributed': {
      const { by, colocatedWith } = placement;
      // Tables that are distributed by the same type are colocated unless they are told otherwise, so that they can be joined.
      const together =
        colocatedWith === undefined ? '' : `, colocate_with => ${literal(storedIn(colocatedWith))}`;
      return [
        ONE_CONNECTION,
        `SELECT create_distributed_table(${literal(table)}, ${literal(by)}${together})`,
      ];
    }
    case 'reference':
      return [`SELECT create_reference_table(${literal(table)})`];
    case 'coordinator':
      return [];
  }
}

// The functions that make chunks use one connection to each node. Citus refuses that in a transaction that has already used several,
// and whether the shards of a new table are made over one or several depends on how fast they are made.
const ONE_CONNECTION = `SET LOCAL citus.multi_shard_modify_mode TO 'sequential'`;

/** Quoted name of the table that holds the rows of a relation. */
export const storedIn = (object: Relation): string =>
  object.kind === 'aggregate' ? ident('tsdb', materializationName(object)) : relation(object);
