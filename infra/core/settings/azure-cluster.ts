// The settings of the stack azure-cluster, which is there only when TSDB_DEPLOY_AZURE_CLUSTER is "true".
import type { AzureConfig } from './azure';
import { flag, optional, wholeNumber } from './parsers';
import type { Fault, Parse, SettingTable, ValuesOf } from './setting';

// https://learn.microsoft.com/azure/cosmos-db/postgresql/resources-compute. That page also has 32 TiB, which provider azurerm 4.55
// refuses.
const WORKER_VCORES = [4, 8, 16, 32, 64, 96, 104];
const COORDINATOR_VCORES = [4, 8, 16, 32, 64, 96];
const WORKER_GIB = [512, 1024, 2048, 4096, 8192, 16_384];
const COORDINATOR_GIB = [128, 256, ...WORKER_GIB];

const CLUSTER_ID =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[\w.()-]+\/providers\/Microsoft\.DBforPostgreSQL\/serverGroupsv2\/[a-z0-9-]+$/;
const CLUSTER_ID_TEXT =
  'an id such as /subscriptions/…/resourceGroups/…/providers/Microsoft.DBforPostgreSQL/serverGroupsv2/…';

export const AZURE_CLUSTER_SETTINGS = {
  isWanted: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER',
    default: 'false',
    meaning:
      '"true" adds the stack `azure-cluster`: Azure Cosmos DB for PostgreSQL (managed Citus) and a machine for the API; see `docs/azure-cluster.md` first, because Azure takes no new clusters',
    parse: flag,
  },
  workers: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_WORKERS',
    default: '2',
    meaning: 'number of worker nodes of that cluster; it can grow but not shrink',
    // One worker does not exist, and none is a single server.
    parse: wholeNumber(2, 20),
  },
  workerVcores: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_WORKER_VCORES',
    default: '4',
    meaning: `cores of each worker, with 8 GiB of memory each: ${WORKER_VCORES.join(', ')}`,
    parse: oneOfNumbers(WORKER_VCORES),
  },
  workerGiB: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_WORKER_GIB',
    default: '512',
    meaning: `storage of each worker in GiB: ${WORKER_GIB.join(', ')}; it can grow but not shrink`,
    parse: oneOfNumbers(WORKER_GIB),
  },
  coordinatorVcores: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_VCORES',
    default: '4',
    meaning: `cores of the coordinator, with 4 GiB of memory each: ${COORDINATOR_VCORES.join(', ')}`,
    parse: oneOfNumbers(COORDINATOR_VCORES),
  },
  coordinatorGiB: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_GIB',
    default: '512',
    meaning: `storage of the coordinator in GiB: ${COORDINATOR_GIB.join(', ')}; it can grow but not shrink`,
    parse: oneOfNumbers(COORDINATOR_GIB),
  },
  isHighlyAvailable: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_HA',
    default: 'false',
    meaning: '"true" gives each node of that cluster a standby, at twice the price',
    parse: flag,
  },
  existing: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_EXISTING',
    meaning:
      'resource id of a cluster that this stack takes over instead of creating one; stays set afterwards',
    parse: optional(CLUSTER_ID, CLUSTER_ID_TEXT),
  },
  /** Not only for one run: the roles of a restored cluster are no resources of Terraform, see `docs/azure-cluster.md`. */
  restoreFrom: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM',
    meaning: 'resource id of the cluster from whose backups this one starts; stays set afterwards',
    parse: optional(CLUSTER_ID, CLUSTER_ID_TEXT),
  },
  restoreTime: {
    name: 'TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_TIME',
    meaning: 'moment of the last 35 days to restore: `2026-01-31T23:59:00Z`; stays set afterwards',
    parse: optional(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'a moment in UTC such as 2026-01-31T23:59:00Z'),
  },
} as const satisfies SettingTable;

export type AzureClusterConfig = ValuesOf<typeof AZURE_CLUSTER_SETTINGS>;

/** Checks the settings against each other and against those that the stack shares with the azure stack. */
export function checkAzureCluster(
  { isWanted, existing, restoreFrom, restoreTime }: AzureClusterConfig,
  { parts }: Pick<AzureConfig, 'parts'>,
  fault: Fault,
): void {
  // Azure takes both or neither: without a moment it would copy nothing that can be named.
  if ((restoreFrom === '') !== (restoreTime === ''))
    fault(
      'TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM and TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_TIME belong together; set both or neither',
    );
  if (existing !== '' && restoreFrom !== '')
    fault(
      'TSDB_DEPLOY_AZURE_CLUSTER_EXISTING takes over a cluster, and TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM creates one; take one of the two away',
    );
  if (isWanted && parts.includes('customer-keys'))
    fault(
      'TSDB_DEPLOY_AZURE_CLUSTER=true cannot keep the promise of part customer-keys: provider azurerm 4.55 gives a cluster no keys of your own; take one of the two away',
    );
}

function oneOfNumbers(allowed: readonly number[]): Parse<number> {
  return (given, fault) => {
    const number = Number(given);
    if (!/^\d+$/.test(`${given}`) || !allowed.includes(number))
      fault(`must be one of ${allowed.join(', ')}, got "${given}"`);
    return number;
  };
}
