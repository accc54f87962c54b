// Every setting of the deployment: its environment variable, its default and its meaning. The README lists the same.

/** One environment variable. `default` is the text that stands in when the variable is unset or empty. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

export const SETTINGS = [
  {
    name: 'TSDB_DEPLOY_NAME',
    default: 'tsdb',
    meaning: 'base of every resource name, and the Kubernetes namespace',
  },
  {
    name: 'TSDB_DEPLOY_ENVIRONMENT',
    default: 'dev',
    meaning: 'second part of every Azure name; a tag and a label',
  },
  {
    name: 'TSDB_DEPLOY_PROTECT_DATA',
    default: 'true',
    meaning: 'Terraform refuses to destroy disk, volume and password; "false" for a wanted destroy',
  },
  {
    name: 'TSDB_DEPLOY_DISK_GIB',
    default: '128',
    meaning: 'size of the data disk or volume in GiB; may grow, never shrink',
  },
  {
    name: 'TSDB_DEPLOY_DB_FLAVOUR',
    default: 'alpine',
    meaning: 'image layout: "alpine", or "ha" which brings pgBackRest',
  },
  {
    name: 'TSDB_DEPLOY_DB_IMAGE',
    default: '',
    meaning: 'another image reference of the same flavour, e.g. from a mirror or with a digest',
  },
  {
    name: 'TSDB_DEPLOY_REGION',
    default: 'westeurope',
    meaning: 'Azure region; it must have availability zones',
  },
  {
    name: 'TSDB_DEPLOY_ZONE',
    default: '1',
    meaning: 'availability zone of machine, disk and address: 1, 2 or 3',
  },
  {
    name: 'TSDB_DEPLOY_VM_SIZE',
    default: 'Standard_D2s_v5',
    meaning: 'Azure machine size; the database settings follow from it',
  },
  {
    name: 'TSDB_DEPLOY_SSH_PUBLIC_KEY',
    default: '',
    meaning: 'public key of the operator, one line; the azure stack needs it',
  },
  {
    name: 'TSDB_DEPLOY_SSH_CIDRS',
    default: '',
    meaning: 'IPv4 networks that may use SSH, comma-separated; empty keeps port 22 closed',
  },
  {
    name: 'TSDB_DEPLOY_API_CIDRS',
    default: '',
    meaning: 'IPv4 networks that may use HTTPS, comma-separated; empty keeps port 443 closed',
  },
  {
    name: 'TSDB_DEPLOY_DNS_LABEL',
    default: '',
    meaning: 'host part of the Azure name of the public address, unique in the region; empty for none',
  },
  {
    name: 'TSDB_DEPLOY_KUBE_CONFIG',
    default: '~/.kube/config',
    meaning: 'kubeconfig file of an existing cluster',
  },
  {
    name: 'TSDB_DEPLOY_KUBE_CONTEXT',
    default: '',
    meaning: 'context in that file; empty for its current one',
  },
  {
    name: 'TSDB_DEPLOY_STORAGE_CLASS',
    default: '',
    meaning: "storage class of the database volume; empty for the cluster's default",
  },
  {
    name: 'TSDB_DEPLOY_DB_MEMORY_MIB',
    default: '2048',
    meaning: 'memory of the database pod in MiB, request and limit',
  },
  { name: 'TSDB_DEPLOY_DB_CPUS', default: '1', meaning: 'cores requested for the database pod' },
  { name: 'TSDB_DEPLOY_API_REPLICAS', default: '2', meaning: 'number of API pods' },
  {
    name: 'TSDB_APP_IMAGE',
    default: '',
    meaning: 'image with the tsdb command and the API; the kubernetes stack needs it',
  },
  {
    name: 'TSDB_SCHEMAS',
    default: 'iot,service',
    meaning: 'schema sets that the Job applies and the API serves, comma-separated',
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];
