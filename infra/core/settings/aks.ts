// The settings of the aks stack, which is there only when TSDB_DEPLOY_CLUSTER is "aks".
// Its region, networks, maintenance window and tags are those of the azure stack.
import { flag, matching, optional, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

// The "d" after the number of cores means a local disk. The operating system of the node is on it.
const sizeWithLocalDisk = matching(
  /^Standard_[A-Z]{1,2}\d{1,3}[a-z]*d[a-z]*_v\d$/,
  'a machine size with a local disk such as Standard_E4ds_v5',
);

export const AKS_SETTINGS = {
  version: {
    name: 'TSDB_DEPLOY_AKS_VERSION',
    meaning: 'Kubernetes minor version such as "1.34"; empty = the version that Azure proposes',
    parse: optional(/^1\.\d{2}(\.\d{1,2})?$/, 'a version such as 1.34'),
  },
  systemSize: {
    name: 'TSDB_DEPLOY_AKS_SYSTEM_SIZE',
    default: 'Standard_D4ds_v5',
    meaning: "machine size of the three nodes that run the cluster's own pods; it must have a local disk",
    parse: sizeWithLocalDisk,
  },
  nodeSize: {
    name: 'TSDB_DEPLOY_AKS_NODE_SIZE',
    default: 'Standard_E4ds_v5',
    meaning: 'machine size of the nodes that run database and API; it must have a local disk',
    parse: sizeWithLocalDisk,
  },
  nodes: {
    name: 'TSDB_DEPLOY_AKS_NODES',
    default: '3',
    meaning:
      'number of those nodes, spread over three zones; a volume can only be used in the zone where it was created',
    // At least one in each zone, because a volume stays in the zone where it was made.
    parse: wholeNumber(3, 100),
  },
  private: {
    name: 'TSDB_DEPLOY_AKS_PRIVATE',
    default: 'false',
    meaning:
      '"true" gives the API server of the cluster only a private address, which a network must be connected to; it cannot be changed later',
    parse: flag,
  },
  dnsZone: {
    name: 'TSDB_DEPLOY_AKS_DNS_ZONE',
    meaning:
      'id of an existing private DNS zone for that address, named `privatelink.<region>.azmk8s.io`; empty = Azure creates one beside the nodes',
    parse: optional(
      /^\/subscriptions\/[\w-]+\/resourceGroups\/[\w.()-]+\/providers\/Microsoft\.Network\/privateDnsZones\/([a-z0-9-]+\.)?privatelink\.[a-z0-9]+\.azmk8s\.io$/,
      'the id of a private DNS zone such as /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io',
    ),
  },
} as const satisfies SettingTable;

export type AksConfig = ValuesOf<typeof AKS_SETTINGS>;

/** Checks the settings against each other. */
export function checkAks({ private: isPrivate, dnsZone }: AksConfig, fault: Fault): void {
  if (dnsZone !== '' && !isPrivate)
    fault(
      'TSDB_DEPLOY_AKS_DNS_ZONE is for a private cluster; set TSDB_DEPLOY_AKS_PRIVATE=true too, or take it away',
    );
}
