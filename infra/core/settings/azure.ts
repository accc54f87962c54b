// The settings of the azure stack.
import type { Setting } from './setting';

/** Parts of the azure stack that cost money or need something from outside, and so are off until asked for. */
export const AZURE_PARTS = [
  'bastion',
  'customer-keys',
  'immutable-dumps',
  'locks',
  'maintenance-window',
  'nat',
  'private-endpoints',
  'recovery-vault',
] as const;

export type AzurePart = (typeof AZURE_PARTS)[number];
export type Exposure = 'public' | 'private';
export type StorageReplication = 'LRS' | 'ZRS' | 'GZRS';

/** What infra/environments.ts may say for the azure stack. */
export interface AzureValues {
  readonly region?: string;
  readonly zone?: '1' | '2' | '3';
  readonly vmSize?: string;
  readonly diskIops?: number;
  readonly diskMbps?: number;
  readonly networkRange?: string;
  readonly exposure?: Exposure;
  readonly sshCidrs?: readonly string[];
  readonly apiCidrs?: readonly string[];
  readonly deployerCidrs?: readonly string[];
  readonly deployerId?: string;
  readonly dnsLabel?: string;
  readonly hostName?: string;
  readonly backupDays?: number;
  readonly storageReplication?: StorageReplication;
  readonly alertEmail?: string;
  readonly monthlyBudget?: number;
  readonly parts?: readonly AzurePart[];
  readonly tags?: Readonly<Record<string, string>>;
}

export const AZURE_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_REGION',
    field: 'region',
    default: 'westeurope',
    meaning: 'Azure region; it must have availability zones',
  },
  {
    name: 'TSDB_DEPLOY_ZONE',
    field: 'zone',
    default: '1',
    meaning: 'availability zone of machine, disk and address: 1, 2 or 3',
  },
  {
    name: 'TSDB_DEPLOY_VM_SIZE',
    field: 'vmSize',
    default: 'Standard_D2s_v5',
    meaning: 'Azure machine size; the database settings follow from it',
  },
  {
    name: 'TSDB_DEPLOY_DISK_IOPS',
    field: 'diskIops',
    default: '3000',
    meaning: 'operations a second of the Azure data disk; 3000 cost nothing extra',
  },
  {
    name: 'TSDB_DEPLOY_DISK_MBPS',
    field: 'diskMbps',
    default: '125',
    meaning: 'megabytes a second of the Azure data disk; 125 cost nothing extra',
  },
  {
    name: 'TSDB_DEPLOY_NETWORK',
    field: 'networkRange',
    default: '10.20.0.0/16',
    meaning: 'private /16 network of the machine',
  },
  {
    name: 'TSDB_DEPLOY_EXPOSURE',
    field: 'exposure',
    default: 'public',
    meaning: '"public" gives the machine an address, "private" none (needs part `nat`)',
  },
  {
    name: 'TSDB_DEPLOY_SSH_PUBLIC_KEY',
    default: '',
    meaning: 'public key of the operator, one line; the azure stack needs it',
  },
  {
    name: 'TSDB_DEPLOY_SSH_CIDRS',
    field: 'sshCidrs',
    default: '',
    meaning: 'IPv4 networks that may use SSH, comma-separated; empty keeps port 22 closed',
  },
  {
    name: 'TSDB_DEPLOY_API_CIDRS',
    field: 'apiCidrs',
    default: '',
    meaning: 'IPv4 networks that may use HTTPS, comma-separated; empty keeps port 443 closed',
  },
  {
    name: 'TSDB_DEPLOY_DEPLOYER_CIDRS',
    field: 'deployerCidrs',
    default: '',
    meaning: 'IPv4 networks that Terraform runs in, for vault and storage; the azure stack needs it',
  },
  {
    name: 'TSDB_DEPLOY_DEPLOYER_ID',
    field: 'deployerId',
    default: '',
    meaning:
      'object id of the identity that deploys, for plans that another one makes; empty for who runs Terraform',
  },
  {
    name: 'TSDB_DEPLOY_DNS_LABEL',
    field: 'dnsLabel',
    default: '',
    meaning: 'host part of the Azure name of the public address, unique in the region; empty for none',
  },
  {
    name: 'TSDB_DEPLOY_HOST_NAME',
    field: 'hostName',
    default: '',
    meaning: 'DNS name of the API when it is another than that one',
  },
  {
    name: 'TSDB_DEPLOY_BACKUP_DAYS',
    field: 'backupDays',
    default: '30',
    meaning: 'days that backups are kept',
  },
  {
    name: 'TSDB_DEPLOY_STORAGE_REPLICATION',
    field: 'storageReplication',
    default: 'ZRS',
    meaning: 'copies of the backups: `LRS` one building, `ZRS` three zones, `GZRS` a second region too',
  },
  {
    name: 'TSDB_DEPLOY_ALERT_EMAIL',
    field: 'alertEmail',
    default: '',
    meaning: 'address that alerts are sent to; empty shows them in the portal only',
  },
  {
    name: 'TSDB_DEPLOY_MONTHLY_BUDGET',
    field: 'monthlyBudget',
    default: '0',
    meaning: "warns at 80 % of this monthly cost, in the subscription's currency; 0 for none",
  },
  {
    name: 'TSDB_DEPLOY_PARTS',
    field: 'parts',
    default: '',
    meaning: 'optional parts of the azure stack, comma-separated: see `docs/azure.md`',
  },
  {
    name: 'TSDB_DEPLOY_TAGS',
    field: 'tags',
    default: '',
    meaning: 'more tags for all Azure resources: `owner=ops,cost-centre=42`',
  },
] as const satisfies readonly Setting<keyof AzureValues>[];
