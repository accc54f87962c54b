// Hypertables on Citus: those of engine `postgres`, distributed before they have a chunk, so that every chunk is distributed too.
import { relation } from '../../core/sql';
import type { HypertableDialect } from '../../kinds/hypertables';
import { describePlacement, placementOf } from '../../language/distribution';
import { postgresHypertables } from '../postgres/hypertables';
import { distribute } from './distribute';

export const citusHypertables: HypertableDialect = {
  ...postgresHypertables,
  create(table) {
    const statements = postgresHypertables.create(table);
    return [
      ...statements.slice(0, -1),
      ...distribute(relation(table), placementOf(table)),
      ...statements.slice(-1),
    ];
  },
  placement: (table) => describePlacement(placementOf(table)),
};
