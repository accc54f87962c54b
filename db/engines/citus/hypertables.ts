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
      ...statements.slice(0, -1),
      ...distribute(relation(table), placementOf(hash ? { ...table, hash } : table)),
      ...statements.slice(-1),
    ];
  },
  placement: (table) => describePlacement(placementOf(table)),
};
