// The settings of PgBouncer in front of the database, and of reading from its standbys.
import { API_CLIENTS, readerConnections } from '../api-connections';
import { largestPool, MOST_CLIENTS } from '../pooler-sizes';
import { LEAST_MEMORY_MIB } from './kubernetes';
import type { KubernetesConfig } from './kubernetes-config';
import { flag, imageReference, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

export const POOLER_SETTINGS = {
  enabled: {
    name: 'TSDB_DEPLOY_POOLER',
    default: 'false',
    meaning:
      '"true" = API and consumers reach the database through PgBouncer, which shares few connections among many clients',
    parse: flag,
  },
  /** Empty for the pinned one; in a replicating cluster for that of the operator. */
  image: {
    name: 'TSDB_DEPLOY_POOLER_IMAGE',
    meaning:
      'different image of PgBouncer 1.23 or newer, with `sh` and `pg_isready`; empty = the pinned image, with `TSDB_DEPLOY_HA` that of the operator',
    parse: poolerImage,
  },
  /** 0 for a size that is computed; see `poolSize`. */
  size: {
    name: 'TSDB_DEPLOY_POOLER_SIZE',
    default: '0',
    meaning:
      'connections of each PgBouncer to the database, per login and database; 0 = a quarter of those that the database has, divided among the poolers',
    parse: wholeNumber(0, 1000),
  },
  readReplicas: {
    name: 'TSDB_DEPLOY_READ_REPLICAS',
    default: 'false',
    meaning:
      '"true" = the API reads from the standbys of `TSDB_DEPLOY_HA`, so that an answer can be older than what was just written',
    parse: flag,
  },
  readLagSeconds: {
    name: 'TSDB_DEPLOY_READ_LAG_SECONDS',
    default: '10',
    meaning: 'how far behind a standby may be to answer, in seconds',
    parse: wholeNumber(2, 86_400),
  },
} as const satisfies SettingTable;

export type PoolerConfig = ValuesOf<typeof POOLER_SETTINGS>;

/**
 * Checks the settings against those of the cluster. A machine has more connections for fewer poolers. `others` are the
 * connections that the consumers of streams hold.
 */
export function checkPooler(
  { enabled, size, readReplicas }: PoolerConfig,
  { kubernetes, others }: { readonly kubernetes: KubernetesConfig; readonly others: number },
  fault: Fault,
): void {
  const { ha, database, apiMaxReplicas } = kubernetes;
  if (readReplicas && !ha)
    fault('TSDB_DEPLOY_READ_REPLICAS=true needs standbys to read from; set TSDB_DEPLOY_HA=true too');
  // A size that is a fault already has no number of connections.
  if (!enabled || !(database.cpus >= 1 && database.memoryMiB >= LEAST_MEMORY_MIB)) return;
  const largest = largestPool(database, 'cluster');
  if (size > largest)
    fault(
      `TSDB_DEPLOY_POOLER_SIZE=${size} is more than a database with TSDB_DEPLOY_DB_MEMORY_MIB=${database.memoryMiB} has for each of the poolers, which is ${largest}; take less, or 0 for a size that is computed`,
    );
  if (readReplicas && readerConnections(database, apiMaxReplicas).read < 1)
    fault(
      `TSDB_DEPLOY_API_MAX_REPLICAS=${apiMaxReplicas} leaves an API pod no connection to a standby with TSDB_DEPLOY_DB_MEMORY_MIB=${database.memoryMiB}; take fewer pods or, below 1600 MiB, more memory`,
    );
  const clients = (apiMaxReplicas + 1) * API_CLIENTS + others;
  if (clients > MOST_CLIENTS)
    fault(
      `TSDB_DEPLOY_API_MAX_REPLICAS=${apiMaxReplicas} and the consumers of streams can open ${clients} connections, and one PgBouncer takes ${MOST_CLIENTS}; take fewer of them`,
    );
}

/** A tag that says an older version is refused: such a version cannot prepare statements, or cuts clients off when it ends. */
function poolerImage(given: string, fault: Fault): string {
  const [, major, minor] = /pgbouncer[^/]*:v?(\d+)\.(\d+)/.exec(given) ?? [];
  if (major !== undefined && Number(major) * 1000 + Number(minor) < 1023)
    fault(
      `must be PgBouncer 1.23 or newer, got "${given}": before 1.21 it breaks prepared statements, and before 1.23 it ends without waiting for its clients`,
    );
  return imageReference(given, fault);
}
