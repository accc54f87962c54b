// What the routes of this folder are given to work with.

import type { SeriesTable } from '../database/tables';
import type { RouteParts } from '../parts';
import type { Gate } from './gate';
import type { GroupCommit } from './store/group-commit';
import type { Target } from './store/store-rows';
import type { Destination } from './store/write-batches';

/** The parts of every route, and what writes share. */
export interface IngestParts extends RouteParts {
  readonly gate: Gate;
  /** Whether the set that keeps answers to retried writes is selected. */
  readonly keepsAnswers: boolean;
  /** Whether the set that keeps refused rows is selected. */
  readonly keepsRefused: boolean;
  destination(): Promise<Destination>;
  target(table: SeriesTable): Target;
  /** Writes small bodies without a key; undefined when each write has a transaction of its own. */
  readonly group: GroupCommit | undefined;
}
