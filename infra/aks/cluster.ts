// The cluster: closed API server, no local accounts, encrypted nodes in three zones, upgrades on Sunday mornings.
import { KubernetesCluster } from '@cdktf/provider-azurerm/lib/kubernetes-cluster';
import { KubernetesClusterNodePool } from '@cdktf/provider-azurerm/lib/kubernetes-cluster-node-pool';
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { Construct } from 'constructs';
import { type Place, placed } from '../azure/place';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { type Network, POD_RANGE, SERVICE_RANGE } from './network';

export interface ClusterProps {
  readonly network: Network;
  readonly workspace: LogAnalyticsWorkspace;
  readonly tenantId: string;
  /** Who reaches the public address of the API server; undefined for a private one, which Azure lets have no such list. */
  readonly operatorNetworks: string[] | undefined;
}

export function addCluster(stack: Construct, place: Place, props: ClusterProps): KubernetesCluster {
  const scope = new Construct(stack, 'cluster');
  const { config } = place;
  const { network, workspace } = props;
  const { version, systemSize, nodeSize, nodes } = config.aks;
  const cluster = new KubernetesCluster(scope, 'cluster', {
    ...placed(place, 'aks'),
    dnsPrefix: azureName(config, 'aks'),
    nodeResourceGroup: azureName(config, 'rg-aks-nodes'),
    ...(version === '' ? {} : { kubernetesVersion: version }),
    skuTier: 'Standard',
    identity: { type: 'UserAssigned', identityIds: [network.identity.id] },
    ...access(props),
    ...privacy(config),
    ...UPGRADES,
    networkProfile: {
      networkPlugin: 'azure',
      networkPluginMode: 'overlay',
      networkDataPlane: 'cilium',
      networkPolicy: 'cilium',
      loadBalancerSku: 'standard',
      // Nodes reach the API server through this load balancer, whose address the API server accepts.
      outboundType: 'loadBalancer',
      podCidr: POD_RANGE,
      serviceCidr: SERVICE_RANGE,
      dnsServiceIp: SERVICE_RANGE.replace('.0.0/16', '.0.10'),
    },
    azurePolicyEnabled: true,
    imageCleanerEnabled: true,
    imageCleanerIntervalHours: 168,
    keyVaultSecretsProvider: { secretRotationEnabled: true },
    omsAgent: { logAnalyticsWorkspaceId: workspace.id, msiAuthForMonitoringEnabled: true },
    defaultNodePool: {
      ...pool(network, systemSize),
      name: 'system',
      temporaryNameForRotation: 'systemtmp',
      nodeCount: 3,
      onlyCriticalAddonsEnabled: true,
    },
    // The disks of all volumes are in the resource group of the nodes, which Azure deletes with the cluster.
    lifecycle: { preventDestroy: config.protectData },
    timeouts: { create: '60m', update: '90m' },
    dependsOn: network.ready,
  });
  new KubernetesClusterNodePool(scope, 'nodes', {
    ...pool(network, nodeSize),
    kubernetesClusterId: cluster.id,
    name: 'work',
    mode: 'User',
    temporaryNameForRotation: 'worktmp',
    nodeCount: nodes,
  });
  return cluster;
}

function access({ tenantId, operatorNetworks }: ClusterProps) {
  return {
    roleBasedAccessControlEnabled: true,
    localAccountDisabled: true,
    azureActiveDirectoryRoleBasedAccessControl: { azureRbacEnabled: true, tenantId },
    ...(operatorNetworks === undefined
      ? {}
      : { apiServerAccessProfile: { authorizedIpRanges: operatorNetworks } }),
    // Commands run through Azure's own interface would bypass the networks above.
    runCommandEnabled: false,
    oidcIssuerEnabled: true,
    workloadIdentityEnabled: true,
  };
}

// The API server has an address in the network of the nodes, and a name in a private zone. The public zone has no name of it.
function privacy({ aks }: DeployConfig) {
  if (!aks.private) return {};
  return {
    privateClusterEnabled: true,
    privateClusterPublicFqdnEnabled: false,
    privateDnsZoneId: aks.dnsZone || 'System',
  };
}

const SUNDAY_MORNING = {
  frequency: 'Weekly',
  interval: 1,
  dayOfWeek: 'Sunday',
  startTime: '03:00',
  utcOffset: '+00:00',
  duration: 4,
};

const UPGRADES = {
  automaticUpgradeChannel: 'patch',
  nodeOsUpgradeChannel: 'NodeImage',
  maintenanceWindowAutoUpgrade: SUNDAY_MORNING,
  maintenanceWindowNodeOs: SUNDAY_MORNING,
};

function pool(network: Network, vmSize: string) {
  return {
    vmSize,
    vnetSubnetId: network.subnet.id,
    zones: ['1', '2', '3'],
    // On the machine's own disk: faster, and nothing is left behind when a node is removed.
    osDiskType: 'Ephemeral',
    osDiskSizeGb: 128,
    osSku: 'Ubuntu',
    hostEncryptionEnabled: true,
    nodePublicIpEnabled: false,
    maxPods: 60,
    // An upgrade first adds a node, so that the database has somewhere to move, then replaces one node at a time.
    upgradeSettings: { maxSurge: '1', drainTimeoutInMinutes: 30, nodeSoakDurationInMinutes: 5 },
  };
}
