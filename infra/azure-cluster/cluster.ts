// The cluster: Azure Cosmos DB for PostgreSQL, which is Citus that Azure runs. It must outlive everything else of the stack.
import { createHash } from 'node:crypto';
import { CosmosdbPostgresqlCluster } from '@cdktf/provider-azurerm/lib/cosmosdb-postgresql-cluster';
import { CosmosdbPostgresqlCoordinatorConfiguration } from '@cdktf/provider-azurerm/lib/cosmosdb-postgresql-coordinator-configuration';
import { CosmosdbPostgresqlNodeConfiguration } from '@cdktf/provider-azurerm/lib/cosmosdb-postgresql-node-configuration';
import { type ITerraformDependable, TerraformLocal, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { type Place, placed } from '../azure/place';
import type { DeployConfig } from '../core/config';
import type { AzureClusterConfig } from '../core/settings/azure-cluster';

export interface Cluster {
  readonly server: CosmosdbPostgresqlCluster;
  /** Name of the coordinator. In the network of the stack it leads to the private address. */
  readonly host: string;
  /** What has to be there before anybody uses the cluster. */
  readonly settings: readonly ITerraformDependable[];
}

/** @param adminPassword of role `citus`; the provider keeps it in the state */
export function addCluster(stack: Construct, place: Place, adminPassword: string): Cluster {
  const scope = new Construct(stack, 'cluster');
  const { config } = place;
  const { azureCluster } = config;
  const server = new CosmosdbPostgresqlCluster(scope, 'server', {
    ...placed(place, 'cosmos'),
    ...named(place),
    administratorLoginPassword: adminPassword,
    nodeCount: azureCluster.workers,
    nodeServerEdition: 'MemoryOptimized',
    nodeVcores: azureCluster.workerVcores,
    nodeStorageQuotaInMb: azureCluster.workerGiB * 1024,
    coordinatorServerEdition: 'GeneralPurpose',
    coordinatorVcoreCount: azureCluster.coordinatorVcores,
    coordinatorStorageQuotaInMb: azureCluster.coordinatorGiB * 1024,
    // It plans, and gathers what the workers answer. Shards on it would compete with that.
    shardsOnCoordinatorEnabled: false,
    haEnabled: azureCluster.isHighlyAvailable,
    preferredPrimaryZone: config.azure.zone,
    coordinatorPublicIpAccessEnabled: false,
    nodePublicIpAccessEnabled: false,
    // The hours in which part `maintenance-window` patches the machine: Sundays at 03:00 UTC.
    maintenanceWindow: { dayOfWeek: 0, startHour: 3, startMinute: 0 },
    ...origin(azureCluster, config),
    lifecycle: {
      preventDestroy: config.protectData,
      // They are only for the beginning, and a change of any of them would replace the cluster with all its data.
      ignoreChanges: ['point_in_time_in_utc', 'source_location', 'source_resource_id'],
    },
  });
  if (azureCluster.existing !== '') takeOver(scope, server, azureCluster.existing);
  // The coordinator is the node `c-…`, the workers are `w0-…` and so on.
  const coordinators = `[for node in ${server.fqn}.servers : node.fqdn if startswith(node.fqdn, "c-")]`;
  return {
    server,
    host: new TerraformLocal(scope, 'host', `\${one(${coordinators})}`).asString,
    settings: addSettings(scope, server),
  };
}

/** Has no effect once the cluster is in the state. */
function takeOver(scope: Construct, server: CosmosdbPostgresqlCluster, id: string): void {
  // cdktf has a function for this, but each synthesis would then run Terraform to learn its version.
  const to = `${server.terraformResourceType}.${server.friendlyUniqueId}`;
  TerraformStack.of(scope).addOverride('import', [{ id, to }]);
}

/** An existing cluster stays in its own group. */
function named({ config, resourceGroup }: Place) {
  const [, , , , group] = config.azureCluster.existing.split('/');
  return { name: clusterName(config), resourceGroupName: group ?? resourceGroup.name };
}

/**
 * At most 40 characters, whatever name and environment are. A restored cluster has another name, because it is created
 * beside the one that it comes from.
 */
export function clusterName({ name, environment, azureCluster }: DeployConfig): string {
  const { existing, restoreFrom, restoreTime } = azureCluster;
  if (existing !== '') return existing.slice(existing.lastIndexOf('/') + 1);
  if (restoreFrom === '') return `cosmos-${name}-${environment}`;
  const restored = createHash('sha256').update(`${restoreFrom} ${restoreTime}`).digest('hex').slice(0, 6);
  return `c${restored}-${name}-${environment}`;
}

/** An existing cluster keeps its versions, and a restored one has those of the cluster that it comes from. */
function origin({ existing, restoreFrom, restoreTime }: AzureClusterConfig, { azure }: DeployConfig) {
  if (existing !== '') return {};
  // The newest of both that provider azurerm 4.55 knows.
  if (restoreFrom === '') return { sqlVersion: '16', citusVersion: '12.1' };
  return { sourceResourceId: restoreFrom, sourceLocation: azure.region, pointInTimeInUtc: restoreTime };
}

// Names from https://learn.microsoft.com/azure/cosmos-db/postgresql/reference-parameters.
function addSettings(
  scope: Construct,
  { id: clusterId }: CosmosdbPostgresqlCluster,
): readonly ITerraformDependable[] {
  return [
    // A row policy that reads a setting would otherwise find none on the workers, and show no row.
    new CosmosdbPostgresqlCoordinatorConfiguration(scope, 'set-commands', {
      clusterId,
      name: 'citus.propagate_set_commands',
      value: 'local',
    }),
    new CosmosdbPostgresqlCoordinatorConfiguration(scope, 'coordinator-lock-waits', {
      clusterId,
      name: 'log_lock_waits',
      value: 'on',
    }),
    new CosmosdbPostgresqlNodeConfiguration(scope, 'worker-lock-waits', {
      clusterId,
      name: 'log_lock_waits',
      value: 'on',
    }),
  ];
}
