// The settings of the aks stack, which is there only when TSDB_DEPLOY_CLUSTER is "aks".
import type { Setting } from './setting';

/** What infra/environments.ts may say for the aks stack. Region, networks, budget of time and tags are those of `azure`. */
export interface AksValues {
  readonly version?: string;
  readonly systemSize?: string;
  readonly nodeSize?: string;
  readonly nodes?: number;
}

export const AKS_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_AKS_VERSION',
    field: 'version',
    default: '',
    meaning: 'Kubernetes minor version such as "1.34"; empty for the one that Azure proposes',
  },
  {
    name: 'TSDB_DEPLOY_AKS_SYSTEM_SIZE',
    field: 'systemSize',
    default: 'Standard_D4ds_v5',
    meaning: "machine size of the three nodes that run the cluster's own pods; a size with a local disk",
  },
  {
    name: 'TSDB_DEPLOY_AKS_NODE_SIZE',
    field: 'nodeSize',
    default: 'Standard_E4ds_v5',
    meaning: 'machine size of the nodes that run database and API; a size with a local disk',
  },
  {
    name: 'TSDB_DEPLOY_AKS_NODES',
    field: 'nodes',
    default: '3',
    meaning: 'how many of those nodes, spread over three zones; a volume can only be used in its own zone',
  },
] as const satisfies readonly Setting<keyof AksValues>[];
