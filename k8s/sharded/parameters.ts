// The settings of the servers, as far as the operator and Patroni leave them to us.
import type { DeployConfig } from '../../infra/core/config';
import { type PostgresSettings, postgresSettings } from '../../infra/core/postgres-settings';
import type { OperatorObject } from '../ha/manifest';
import { type NodeKind, PROFILE_API, parametersName } from './names';
import { nodeSize } from './nodes';

/** Set by the operator, or by Patroni for Citus, which loads its library and needs the log of logical replication. */
const OWNED = ['listen_addresses', 'shared_preload_libraries', 'wal_level'];

/** For each connection of a client, the coordinator may open as many to each shard, and shards open some to each other. */
const CONNECTIONS_PER_CLIENT = 3;

/** The operator's `SGPostgresConfig` of the coordinator or of the shards. */
export function parameters(config: DeployConfig, kind: NodeKind): OperatorObject {
  return {
    id: `parameters-${kind}`,
    component: 'database',
    name: parametersName(config, kind),
    apiVersion: PROFILE_API,
    kind: 'SGPostgresConfig',
    spec: {
      postgresVersion: config.sharded.postgresVersion.split('.')[0],
      'postgresql.conf': nodeParameters(config, kind),
    },
  };
}

/** Sorted by name. */
export function nodeParameters(config: DeployConfig, kind: NodeKind): PostgresSettings {
  // The clients are those of the coordinator. The shards must take what it opens for them.
  const clients = Number(postgresSettings(nodeSize(config, 'coordinator')).max_connections);
  const own = postgresSettings(nodeSize(config, kind));
  const connections = CONNECTIONS_PER_CLIENT * clients;
  const memory = (Number.parseInt(own.work_mem ?? '', 10) * Number(own.max_connections)) / connections;
  const settings = {
    ...own,
    // Where a node has huge pages but the container may use none, the server would die at its start.
    huge_pages: 'off',
    max_connections: String(connections),
    work_mem: `${Math.max(64, Math.floor(memory))}kB`,
    // Otherwise the operator counts on max_connections for clients and for itself.
    'citus.max_client_connections': String(clients),
    'citus.max_shared_pool_size': String(connections - clients),
  };
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => !OWNED.includes(name) && !name.startsWith('timescaledb.'))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
