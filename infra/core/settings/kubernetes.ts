// The settings of the kubernetes stack, and of the stacks that go with it: `aks` and `kubernetes-ha`.
import type { Setting } from './setting';

export const CLUSTERS = ['existing', 'aks'] as const;

/** Whose cluster: one that is there, or one that the stack `aks` makes. */
export type ClusterKind = (typeof CLUSTERS)[number];

/** What infra/environments.ts may say for these stacks. */
export interface KubernetesValues {
  readonly cluster?: ClusterKind;
  readonly configPath?: string;
  readonly context?: string;
  readonly storageClass?: string;
  readonly storageProvisioner?: string;
  readonly storageParameters?: Readonly<Record<string, string>>;
  readonly databaseMemoryMiB?: number;
  readonly databaseCpus?: number;
  readonly replicas?: 1;
  readonly ha?: boolean;
  readonly haInstances?: number;
  readonly haImage?: string;
  readonly haBackupUrl?: string;
  readonly apiReplicas?: number;
  readonly apiMaxReplicas?: number;
  readonly ingressHost?: string;
  readonly ingressClass?: string;
  readonly ingressTlsSecret?: string;
  readonly ingressIssuer?: string;
  readonly ingressNamespace?: string;
  readonly backupSchedule?: string;
  readonly backupKeep?: number;
  readonly backupGiB?: number;
  readonly pullSecret?: string;
}

export const KUBERNETES_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_CLUSTER',
    field: 'cluster',
    default: 'existing',
    meaning: '"existing" takes the cluster of the kubeconfig, "aks" the one that stack `aks` makes',
  },
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
    name: 'TSDB_DEPLOY_STORAGE_PROVISIONER',
    field: 'storageProvisioner',
    default: '',
    meaning: 'makes a storage class of this provisioner whose volumes grow and outlive their claim',
  },
  {
    name: 'TSDB_DEPLOY_STORAGE_PARAMETERS',
    field: 'storageParameters',
    default: '',
    meaning: 'its parameters: `skuName=PremiumV2_LRS,cachingMode=None`',
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
    name: 'TSDB_DEPLOY_DB_REPLICAS',
    field: 'replicas',
    default: '1',
    meaning: 'must be 1: more would be separate databases; see `TSDB_DEPLOY_HA`',
  },
  {
    name: 'TSDB_DEPLOY_HA',
    field: 'ha',
    default: 'false',
    meaning: '"true" takes a replicating CloudNativePG cluster, stack `kubernetes-ha`, for the database pod',
  },
  {
    name: 'TSDB_DEPLOY_HA_INSTANCES',
    field: 'haInstances',
    default: '3',
    meaning: 'instances of that cluster: one primary, the others standbys',
  },
  {
    name: 'TSDB_DEPLOY_HA_IMAGE',
    field: 'haImage',
    default: '',
    meaning: 'image of those instances: TimescaleDB Community as CloudNativePG wants it; needed with HA',
  },
  {
    name: 'TSDB_DEPLOY_HA_BACKUP_URL',
    field: 'haBackupUrl',
    default: '',
    meaning: 'object store for point-in-time recovery of that cluster: `s3://bucket/path`; empty for none',
  },
  {
    name: 'TSDB_DEPLOY_API_REPLICAS',
    field: 'apiReplicas',
    default: '2',
    meaning: 'least number of API pods',
  },
  {
    name: 'TSDB_DEPLOY_API_MAX_REPLICAS',
    field: 'apiMaxReplicas',
    default: '6',
    meaning: 'most API pods under load; together they share the connections of the database',
  },
  {
    name: 'TSDB_DEPLOY_INGRESS_HOST',
    field: 'ingressHost',
    default: '',
    meaning: 'DNS name of the API on an ingress; empty for no ingress',
  },
  {
    name: 'TSDB_DEPLOY_INGRESS_CLASS',
    field: 'ingressClass',
    default: '',
    meaning: "ingress class; empty for the cluster's default",
  },
  {
    name: 'TSDB_DEPLOY_INGRESS_TLS_SECRET',
    field: 'ingressTlsSecret',
    default: '',
    meaning: 'Secret with the certificate of that name; an issuer makes it when it is not there',
  },
  {
    name: 'TSDB_DEPLOY_INGRESS_ISSUER',
    field: 'ingressIssuer',
    default: '',
    meaning: 'cluster issuer of cert-manager that makes the certificate',
  },
  {
    name: 'TSDB_DEPLOY_INGRESS_NAMESPACE',
    field: 'ingressNamespace',
    default: '',
    meaning: 'namespace of the ingress controller; its pods alone may then reach the API from outside',
  },
  {
    name: 'TSDB_DEPLOY_BACKUP_SCHEDULE',
    field: 'backupSchedule',
    default: '17 2 * * *',
    meaning: 'when the database is dumped, as cron writes it in UTC; "off" for no dumps',
  },
  {
    name: 'TSDB_DEPLOY_BACKUP_KEEP',
    field: 'backupKeep',
    default: '7',
    meaning: 'days that dumps are kept',
  },
  {
    name: 'TSDB_DEPLOY_BACKUP_GIB',
    field: 'backupGiB',
    default: '64',
    meaning: 'size of the volume of the dumps in GiB; may grow, never shrink',
  },
  {
    name: 'TSDB_DEPLOY_PULL_SECRET',
    field: 'pullSecret',
    default: '',
    meaning:
      'Secret in the namespace that logs in to the registry of the images; empty where nodes may pull them',
  },
  {
    name: 'TSDB_APP_IMAGE',
    default: '',
    meaning: 'image with the tsdb command and the API; the kubernetes stack needs it',
  },
] as const satisfies readonly Setting<keyof KubernetesValues>[];
