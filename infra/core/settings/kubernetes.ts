// The settings of the kubernetes stack, and of the stacks that go with it: `aks` and `kubernetes-ha`.
import {
  dnsName,
  flag,
  imageReference,
  matching,
  NAMESPACE,
  networks,
  oneOf,
  optional,
  pairs,
  resourceName,
  wholeNumber,
} from './parsers';
import type { Fault, SettingTable } from './setting';

export const LEAST_MEMORY_MIB = 512;

export const KUBERNETES_SETTINGS = {
  cluster: {
    name: 'TSDB_DEPLOY_CLUSTER',
    default: 'existing',
    meaning: '"existing" uses the cluster of the kubeconfig, "aks" the cluster that stack `aks` creates',
    parse: oneOf(['existing', 'aks']),
  },
  configPath: {
    name: 'TSDB_DEPLOY_KUBE_CONFIG',
    default: '~/.kube/config',
    meaning: 'kubeconfig file of an existing cluster; its path begins with / or ~/',
    // Another path would be relative to the folder in which Terraform runs.
    parse: matching(/^(~?\/)[^$%\n]+$/, 'a file path that begins with / or ~/'),
  },
  context: {
    name: 'TSDB_DEPLOY_KUBE_CONTEXT',
    meaning: 'context in the kubeconfig file; empty = its current context',
    parse: optional(/^[^$%\n]+$/, 'a context name'),
  },
  /** With a provisioner: the name of the storage class that the stack makes. */
  storageClass: {
    name: 'TSDB_DEPLOY_STORAGE_CLASS',
    meaning: 'storage class of the database volume; empty = the default class of the cluster',
    parse: optional(/^[a-z0-9][a-z0-9.-]*$/, 'the name of a storage class'),
  },
  storageProvisioner: {
    name: 'TSDB_DEPLOY_STORAGE_PROVISIONER',
    meaning:
      'creates a storage class with this provisioner; its volumes can grow and are retained when their claim is deleted',
    parse: optional(
      /^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$/,
      'the name of a provisioner such as disk.csi.azure.com',
    ),
  },
  storageParameters: {
    name: 'TSDB_DEPLOY_STORAGE_PARAMETERS',
    meaning: 'parameters of that storage class: `skuName=PremiumV2_LRS,cachingMode=None`',
    parse: pairs(/^[\w./-]{1,253}=[\w .@:/-]*$/, 'pairs such as skuName=PremiumV2_LRS'),
  },
  databaseMemoryMiB: {
    name: 'TSDB_DEPLOY_DB_MEMORY_MIB',
    default: '2048',
    meaning: 'memory request and limit of the database pod in MiB',
    parse: wholeNumber(LEAST_MEMORY_MIB, 1_048_576),
  },
  databaseCpus: {
    name: 'TSDB_DEPLOY_DB_CPUS',
    default: '1',
    meaning: 'number of cores that the database pod requests',
    parse: wholeNumber(1, 128),
  },
  replicas: {
    name: 'TSDB_DEPLOY_DB_REPLICAS',
    default: '1',
    meaning: 'must be 1, because more replicas would be separate databases; see `TSDB_DEPLOY_HA`',
    parse: oneReplica,
  },
  ha: {
    name: 'TSDB_DEPLOY_HA',
    default: 'false',
    meaning:
      '"true" replaces the database pod with a replicating CloudNativePG cluster (stack `kubernetes-ha`)',
    parse: flag,
  },
  haInstances: {
    name: 'TSDB_DEPLOY_HA_INSTANCES',
    default: '3',
    meaning: 'number of instances of that cluster: one primary, the others standbys',
    parse: wholeNumber(2, 9),
  },
  /** Never empty with `ha`. */
  haImage: {
    name: 'TSDB_DEPLOY_HA_IMAGE',
    meaning:
      'image of those instances: TimescaleDB Community, built for CloudNativePG; required with `TSDB_DEPLOY_HA`',
    parse: imageReference,
  },
  haBackupUrl: {
    name: 'TSDB_DEPLOY_HA_BACKUP_URL',
    meaning:
      'object store for point-in-time recovery of that cluster: `s3://bucket/path`; empty = no such backups',
    parse: optional(
      /^(s3|gs|https):\/\/[a-z0-9][\w.-]*(\/[\w./-]*)?$/,
      'an object store such as s3://bucket/path, gs://bucket/path or https://account.blob.core.windows.net/container',
    ),
  },
  apiReplicas: {
    name: 'TSDB_DEPLOY_API_REPLICAS',
    default: '2',
    meaning: 'minimum number of API pods',
    parse: wholeNumber(1, 50),
  },
  /** At least `apiReplicas`. */
  apiMaxReplicas: {
    name: 'TSDB_DEPLOY_API_MAX_REPLICAS',
    default: '6',
    meaning: 'maximum number of API pods under load; together they share the connections of the database',
    parse: wholeNumber(1, 50),
  },
  /** Empty for no ingress. Otherwise `ingressTlsSecret` or `ingressIssuer` is given as well. */
  ingressHost: {
    name: 'TSDB_DEPLOY_INGRESS_HOST',
    meaning: 'DNS name of the API on an ingress; empty = no ingress',
    parse: dnsName,
  },
  ingressClass: {
    name: 'TSDB_DEPLOY_INGRESS_CLASS',
    meaning: 'ingress class; empty = the default class of the cluster',
    parse: resourceName('an ingress class'),
  },
  ingressTlsSecret: {
    name: 'TSDB_DEPLOY_INGRESS_TLS_SECRET',
    meaning: 'Secret with the certificate for that name; the issuer creates it if it does not exist',
    parse: resourceName('a Secret'),
  },
  ingressIssuer: {
    name: 'TSDB_DEPLOY_INGRESS_ISSUER',
    meaning: 'cert-manager cluster issuer that creates the certificate',
    parse: resourceName('a cluster issuer'),
  },
  /** `namespace/name/listener`; empty for an ingress. */
  gateway: {
    name: 'TSDB_DEPLOY_GATEWAY',
    meaning:
      'existing Gateway that takes the place of the ingress, with the name of its HTTPS listener: `edge/public/https`; empty = an ingress',
    parse: optional(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?){2}$/,
      'namespace, name and listener of a Gateway such as edge/public/https',
    ),
  },
  ingressNamespace: {
    name: 'TSDB_DEPLOY_INGRESS_NAMESPACE',
    meaning:
      'namespace of the ingress controller or of the pods of the Gateway; only its pods can then reach the API from outside; empty = every namespace',
    parse: optional(NAMESPACE, 'the name of a namespace'),
  },
  /** Kind and name; empty when the passwords are generated. */
  secretStore: {
    name: 'TSDB_DEPLOY_SECRET_STORE',
    meaning:
      'store of the operator external-secrets that has the passwords: `ClusterSecretStore/vault` or `SecretStore/vault`; empty = Terraform generates them',
    parse: optional(
      /^(ClusterSecretStore|SecretStore)\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
      'kind and name of a store such as ClusterSecretStore/vault',
    ),
  },
  /** Beside the cluster's resolver in `kube-system`; none of them contains the metadata service of a cloud. */
  dnsCidrs: {
    name: 'TSDB_DEPLOY_DNS_CIDRS',
    default: '169.254.20.10/32,169.254.10.11/32',
    meaning:
      'comma-separated IPv4 networks of resolvers on the nodes, which pods may ask on port 53: NodeLocal DNSCache and LocalDNS of AKS by default; `none` = only the resolver in `kube-system`',
    parse: networks,
  },
  /** Five fields of cron, in UTC; empty for no backups. */
  backupSchedule: {
    name: 'TSDB_DEPLOY_BACKUP_SCHEDULE',
    default: '17 2 * * *',
    meaning: 'cron expression in UTC for the dumps of the database; "off" = no dumps',
    parse: cronOrOff,
  },
  backupKeep: {
    name: 'TSDB_DEPLOY_BACKUP_KEEP',
    default: '7',
    meaning: 'number of days for which dumps are kept',
    parse: wholeNumber(1, 3650),
  },
  backupGiB: {
    name: 'TSDB_DEPLOY_BACKUP_GIB',
    default: '64',
    meaning: 'size of the volume for the dumps in GiB; it can grow but not shrink',
    parse: wholeNumber(1, 65_536),
  },
  /** The Secret can still be made while the first deployment waits for its pods. */
  pullSecret: {
    name: 'TSDB_DEPLOY_PULL_SECRET',
    meaning:
      'Secret in the namespace with the login to the registry of the images; empty = the nodes can pull without it',
    parse: resourceName('a Secret'),
  },
  /** When it is empty, the plan of the kubernetes stack fails, but that of no other stack. */
  appImage: {
    name: 'TSDB_APP_IMAGE',
    meaning: 'image with the `tsdb` command and the API; the kubernetes stack requires it',
    // The reference must never lead to another image: nodes keep an image that they have pulled once.
    parse: optional(
      /^(?!.*:latest$)[a-z0-9][a-z0-9._/:-]*(:[a-z0-9_][a-z0-9._-]*|@sha256:[0-9a-f]{64})$/i,
      'an image reference with a version tag that is not "latest", or with a digest',
    ),
  },
} as const satisfies SettingTable;

function oneReplica(given: string | 1, fault: Fault): 1 {
  if (String(given) !== '1')
    fault(
      `must be 1, got "${given}": more replicas of the StatefulSet would be as many separate databases, not standbys of one; leave it at 1, and set TSDB_DEPLOY_HA=true for a cluster that replicates`,
    );
  return 1;
}

function cronOrOff(given: string, fault: Fault): string {
  const schedule = matching(
    /^(off|[\d*/,-]+( [\d*/,-]+){2} [\dA-Za-z*/,-]+ [\dA-Za-z*/,-]+)$/,
    'five fields of cron such as "17 2 * * *", or "off"',
  )(given, fault);
  return schedule === 'off' ? '' : schedule;
}
