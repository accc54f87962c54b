// Where Citus puts the rows of ordinary tables.
import { relation } from '../../core/sql';
import type { TablePlacement } from '../../kinds/tables';
import { describePlacement, placementOf } from '../../language/distribution';
import { distribute } from './distribute';

export const tablePlacement: TablePlacement = {
  describe: (table) => describePlacement(placementOf(table)),
  place: (table) => distribute(relation(table), placementOf(table)),
};
