// The settings of the kubernetes stack.

import type { Setting } from './setting';

/** What infra/environments.ts may say for the kubernetes stack. */
export interface KubernetesValues {
  readonly configPath?: string;
  readonly context?: string;
  readonly storageClass?: string;
  readonly databaseMemoryMiB?: number;
  readonly databaseCpus?: number;
  readonly apiReplicas?: number;
}

export const KUBERNETES_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_KUBE_CONFIG',
    field: 'configPath',
    default: '~/.kube/config',
    meaning: 'kubeconfig file of an existing cluster',
  },
  {
    name: 'TSDB_DEPLOY_KUBE_CONTEXT',
    field: 'context',
    default: '',
    meaning: 'context in that file; empty for its current one',
  },
  {
    name: 'TSDB_DEPLOY_STORAGE_CLASS',
    field: 'storageClass',
    default: '',
    meaning: "storage class of the database volume; empty for the cluster's default",
  },
  {
    name: 'TSDB_DEPLOY_DB_MEMORY_MIB',
    field: 'databaseMemoryMiB',
    default: '2048',
    meaning: 'memory of the database pod in MiB, request and limit',
  },
  {
    name: 'TSDB_DEPLOY_DB_CPUS',
    field: 'databaseCpus',
    default: '1',
    meaning: 'cores requested for the database pod',
  },
  {
    name: 'TSDB_DEPLOY_API_REPLICAS',
    field: 'apiReplicas',
    default: '2',
    meaning: 'number of API pods',
  },
  {
    name: 'TSDB_APP_IMAGE',
    default: '',
    meaning: 'image with the tsdb command and the API; the kubernetes stack needs it',
  },
] as const satisfies readonly Setting<keyof KubernetesValues>[];
