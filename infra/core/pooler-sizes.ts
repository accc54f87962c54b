// How many PgBouncers run, how large they are, and how many connections each of them holds (pure).
import type { MachineSize } from './machine-sizes';
import { postgresSettings } from './postgres-settings';

/** Memory of one PgBouncer in MiB: request and limit. Each of its clients takes some kilobytes. */
export const POOLER_MIB = 64;

/** Connections of clients to one PgBouncer. Each takes a file, and some container runtimes allow a process only 1024 of them. */
export const MOST_CLIENTS = 1000;

/** How many run at the same time, and how many during a rollout, in which the old ones still wait for their clients. */
const POOLERS = { machine: { usual: 1, rollout: 2 }, cluster: { usual: 2, rollout: 4 } } as const;

/** Pods of the pooler in a cluster. */
export const POOLER_PODS = POOLERS.cluster.usual;

/** Connections that the database keeps for the schema Job, backup, health check and people. */
const RESERVED = 10;

/**
 * Most connections that one PgBouncer holds to the database, for each login and database.
 * @param given what the settings say; 0 = a quarter of the connections of the database, divided among the poolers
 */
export function poolSize(given: number, database: MachineSize, place: keyof typeof POOLERS): number {
  return given === 0 ? Math.max(1, Math.floor(connectionsOf(database) / 4 / POOLERS[place].usual)) : given;
}

/** What `poolSize` may be, so that all poolers of a rollout together leave some connections. */
export function largestPool(database: MachineSize, place: keyof typeof POOLERS): number {
  return Math.floor((connectionsOf(database) - RESERVED) / POOLERS[place].rollout);
}

const connectionsOf = (database: MachineSize): number => Number(postgresSettings(database).max_connections);
