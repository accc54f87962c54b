// Hypertables on Citus: those of engine `postgres`, distributed before they have a chunk, so that every chunk is distributed too.
import { relation } from '../../core/sql';
import type { HypertableDialect } from '../../kinds/hypertables';
import { describePlacement, placementOf } from '../../language/distribution';
import { postgresHypertables } from '../postgres/hypertables';
import { distribute } from './distribute';

// The distribution stands for hash partitions: Citus distributes no table whose partitions are partitioned again.
const { setHash: _, ...emulation } = postgresHypertables;

export const citusHypertables: HypertableDialect = {
  ...emulation,
  create({ hash, ...table }) {
    const statements = emulation.create(table);
    return [
      // The step ends with `ensure_chunks`, which works over one connection to each node. Citus refuses that in a transaction that
      // has used several, and whether the shards of the new table are made over one or several depends on how fast they are made.
      `SET LOCAL citus.multi_shard_modify_mode TO 'sequential'`,
      ...statements.slice(0, -1),
      ...distribute(relation(table), placementOf(hash ? { ...table, hash } : table)),
      ...statements.slice(-1),
    ];
  },
  placement: (table) => describePlacement(placementOf(table)),
};
