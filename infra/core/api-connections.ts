// How many connections one pod of the API may hold, so that all of them together leave the database some (pure).
import type { MachineSize } from './machine-sizes';
import { postgresSettings } from './postgres-settings';

/** Connections of one pod: `total` of them, of which the pools for reading and writing may be set. */
export interface ApiConnections {
  readonly read: number;
  readonly write: number;
  readonly total: number;
}

/** For the superuser, the schema Job, backup, health check and people. */
const RESERVED = 10;

/** One pod more than the most, while a rollout replaces them. */
const SURGE = 1;

/** What the API holds beside its two pools: 2 for keys, 1 for its readiness. */
const OTHERS = 3;

/** Fewer than this, and one slow query holds up the pod. */
export const LEAST_CONNECTIONS = OTHERS + 3;

/** The API's own defaults. */
const MOST = { read: 10, write: 4 } as const;

/**
 * An even share for each pod; `total` is below `LEAST_CONNECTIONS` where there are more pods than the database has
 * connections for.
 */
export function apiConnections(database: MachineSize, mostPods: number): ApiConnections {
  const connections = Number(postgresSettings(database).max_connections);
  const total = Math.floor((connections - RESERVED) / (mostPods + SURGE));
  const pools = Math.max(0, total - OTHERS);
  const write = Math.min(MOST.write, Math.floor(pools / 3));
  return { read: Math.min(MOST.read, pools - write), write, total };
}
