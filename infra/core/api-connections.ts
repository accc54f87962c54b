// How many connections each pod of the API may hold, so that all pods together leave some free (pure).
import type { MachineSize } from './machine-sizes';
import { postgresSettings } from './postgres-settings';

/** Connections of one pod. The sizes of the pools for reading and writing are settings of the API. */
export type ApiConnections = ReturnType<typeof apiConnections>;

/** For the superuser, the schema Job, backup, health check and people. */
const RESERVED = 10;

/** During a rollout there is one pod more than the maximum. */
const SURGE = 1;

/** Connections of the API outside its two pools: 2 for keys, 1 for readiness. */
const OTHERS = 3;

/** With fewer connections, one slow query would block the pod. */
export const LEAST_CONNECTIONS = OTHERS + 3;

/** The API's own defaults. */
const MOST = { read: 10, write: 4 } as const;

/** Connections of a pod whose number nobody limits, because they end at a pooler. */
export const API_CLIENTS = MOST.read + MOST.write + OTHERS;

/**
 * Gives each pod an equal share. `total` is below `LEAST_CONNECTIONS` when the database has too few connections for so
 * many pods.
 * @param others connections that the consumers of streams hold
 */
export function apiConnections(database: MachineSize, mostPods: number, others = 0) {
  const connections = Number(postgresSettings(database).max_connections);
  const total = Math.floor((connections - RESERVED - others) / (mostPods + SURGE));
  const pools = Math.max(0, total - OTHERS);
  const write = Math.min(MOST.write, Math.floor(pools / 3));
  return { read: Math.min(MOST.read, pools - write), write, total };
}

/**
 * Connections of a pod behind a pooler, which reads from standbys directly: any of them may get all of these connections, and has
 * as many as the primary.
 */
export function readerConnections(database: MachineSize, mostPods: number): ApiConnections {
  const { total } = apiConnections(database, mostPods);
  return { read: Math.min(MOST.read, total), write: MOST.write, total };
}
