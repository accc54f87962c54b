// The settings of the azure stack.
import { MACHINE_SIZES, type MachineSize } from '../machine-sizes';
import { EVENT_HUB_SETTINGS } from './event-hubs';
import { dnsName, flag, manyOf, matching, networks, oneOf, optional, pairs, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

/** Parts of the azure stack that cost money or have requirements of their own, and so are off by default. */
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

export const AZURE_SETTINGS = {
  region: {
    name: 'TSDB_DEPLOY_REGION',
    default: 'westeurope',
    meaning: 'Azure region; it must have availability zones',
    parse: matching(/^[a-z0-9]{2,40}$/, 'an Azure region such as westeurope'),
  },
  zone: {
    name: 'TSDB_DEPLOY_ZONE',
    default: '1',
    meaning: 'availability zone of machine, disk and address: 1, 2 or 3',
    parse: oneOf(['1', '2', '3']),
  },
  vmSize: {
    name: 'TSDB_DEPLOY_VM_SIZE',
    default: 'Standard_D2s_v5',
    meaning: 'Azure machine size; the settings of the database are computed from it',
    parse: oneOf(Object.keys(MACHINE_SIZES)),
  },
  diskIops: {
    name: 'TSDB_DEPLOY_DISK_IOPS',
    default: '3000',
    meaning: 'operations per second of the Azure data disk; 3000 cost nothing extra',
    // Azure's limits for one Premium SSD v2, here and for `diskMbps`.
    parse: wholeNumber(3000, 80_000),
  },
  diskMbps: {
    name: 'TSDB_DEPLOY_DISK_MBPS',
    default: '125',
    meaning: 'megabytes per second of the Azure data disk; 125 cost nothing extra',
    parse: wholeNumber(125, 1200),
  },
  networkRange: {
    name: 'TSDB_DEPLOY_NETWORK',
    default: '10.20.0.0/16',
    meaning: 'private /16 network of the machine',
    parse: matching(
      /^(10\.\d{1,3}|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
      'a private /16 network such as 10.20.0.0/16',
    ),
  },
  exposure: {
    name: 'TSDB_DEPLOY_EXPOSURE',
    default: 'public',
    meaning: '"public" gives the machine a public address, "private" does not (needs part `nat`)',
    parse: oneOf(['public', 'private']),
  },
  /** When it is empty, the plan of the azure stack fails, but that of no other stack. */
  sshPublicKey: {
    name: 'TSDB_DEPLOY_SSH_PUBLIC_KEY',
    variableOnly: true,
    meaning: 'SSH public key of the operator, one line; the azure stack requires it',
    parse: optional(
      /^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( [^$%]*)?$/,
      'one line that starts with ssh-ed25519 or ssh-rsa',
    ),
  },
  sshCidrs: {
    name: 'TSDB_DEPLOY_SSH_CIDRS',
    meaning: 'comma-separated IPv4 networks that may use SSH; empty keeps port 22 closed',
    parse: networks,
  },
  apiCidrs: {
    name: 'TSDB_DEPLOY_API_CIDRS',
    meaning: 'comma-separated IPv4 networks that may use HTTPS; empty keeps port 443 closed',
    parse: networks,
  },
  /** As `sshPublicKey`. */
  deployerCidrs: {
    name: 'TSDB_DEPLOY_DEPLOYER_CIDRS',
    meaning:
      'comma-separated IPv4 networks from which Terraform runs; vault, storage and the API server of `aks` admit them; the stacks azure and aks require it',
    parse: networks,
  },
  deployerId: {
    name: 'TSDB_DEPLOY_DEPLOYER_ID',
    meaning:
      'object id of the identity that deploys, if a different identity makes the plan; empty = the identity that runs Terraform',
    parse: optional(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      'an object id such as 00000000-0000-0000-0000-000000000000',
    ),
  },
  resourceGroup: {
    name: 'TSDB_DEPLOY_RESOURCE_GROUP',
    default: 'create',
    meaning:
      '"existing" uses the resource groups `rg-<name>-<environment>` and `rg-aks-…`, which must be there; for identities with rights on a group only',
    parse: oneOf(['create', 'existing']),
  },
  registerProviders: {
    name: 'TSDB_DEPLOY_REGISTER_PROVIDERS',
    default: 'true',
    meaning:
      '"false" = Terraform registers no resource providers in the subscription; for identities that must not, see `docs/azure.md`',
    parse: flag,
  },
  dnsLabel: {
    name: 'TSDB_DEPLOY_DNS_LABEL',
    meaning:
      'host part of the Azure DNS name of the public address, unique in the region; empty = no such name',
    parse: optional(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/, '3 to 63 lower-case letters, digits and hyphens'),
  },
  /** DNS name of the API. Where none is given, it is the one that `dnsLabel` makes; empty when there is no label either. */
  hostName: {
    name: 'TSDB_DEPLOY_HOST_NAME',
    meaning: 'DNS name of the API; empty = the name from `TSDB_DEPLOY_DNS_LABEL`',
    parse: dnsName,
  },
  backupDays: {
    name: 'TSDB_DEPLOY_BACKUP_DAYS',
    default: '30',
    meaning: 'number of days for which backups are kept',
    parse: wholeNumber(7, 365),
  },
  storageReplication: {
    name: 'TSDB_DEPLOY_STORAGE_REPLICATION',
    default: 'ZRS',
    meaning:
      'where the copies of the backups are: `LRS` one building, `ZRS` three zones, `GZRS` also a second region (not for snapshots of part `recovery-vault`)',
    parse: oneOf(['LRS', 'ZRS', 'GZRS']),
  },
  alertEmail: {
    name: 'TSDB_DEPLOY_ALERT_EMAIL',
    meaning: 'mail address that receives the alerts; empty = alerts appear only in the portal',
    parse: optional(/^[^\s@$%]+@[^\s@$%]+$/, 'a mail address'),
  },
  monthlyBudget: {
    name: 'TSDB_DEPLOY_MONTHLY_BUDGET',
    default: '0',
    meaning: "monthly budget in the subscription's currency; Azure warns at 80 % of it; 0 = no budget",
    parse: wholeNumber(0, 10_000_000),
  },
  parts: {
    name: 'TSDB_DEPLOY_PARTS',
    meaning: 'comma-separated optional parts of the azure stack, see `docs/azure.md`',
    parse: manyOf(AZURE_PARTS),
  },
  tags: {
    name: 'TSDB_DEPLOY_TAGS',
    meaning: 'additional tags for all Azure resources: `owner=ops,cost-centre=42`',
    parse: pairs(/^[\w.-]{1,64}=[\w .@:-]{0,128}$/, 'pairs such as owner=ops'),
  },
  ...EVENT_HUB_SETTINGS,
} as const satisfies SettingTable;

export interface AzureConfig extends ValuesOf<typeof AZURE_SETTINGS> {
  /** What `vmSize` has. */
  readonly machine: MachineSize;
}

/** Checks the settings against each other and adds what follows from them. */
export function azureConfig(
  settings: ValuesOf<typeof AZURE_SETTINGS>,
  diskGiB: number,
  fault: Fault,
): AzureConfig {
  checkDisk(settings, diskGiB, fault);
  const { exposure, parts, sshCidrs, dnsLabel, region, vmSize } = settings;
  for (const network of sshCidrs.filter((candidate) => candidate.endsWith('/0')))
    fault(
      `TSDB_DEPLOY_SSH_CIDRS would open SSH to the whole internet (${network}); name the networks of your operators`,
    );
  if (exposure === 'private' && !parts.includes('nat'))
    fault(
      'TSDB_DEPLOY_EXPOSURE=private leaves the machine no way to packages, images and the vault; add nat to TSDB_DEPLOY_PARTS',
    );
  const nameByAzure = dnsLabel === '' ? '' : `${dnsLabel}.${region}.cloudapp.azure.com`;
  return {
    ...settings,
    hostName: settings.hostName || nameByAzure,
    machine: MACHINE_SIZES[vmSize] ?? NO_MACHINE,
  };
}

// What Azure allows for a Premium SSD v2 depends on its size, and it would refuse the disk only in the middle of a deployment.
function checkDisk(
  { diskIops, diskMbps }: Pick<ValuesOf<typeof AZURE_SETTINGS>, 'diskIops' | 'diskMbps'>,
  diskGiB: number,
  fault: Fault,
): void {
  const mostIops = Math.max(3000, 500 * diskGiB);
  if (diskIops > mostIops)
    fault(
      `TSDB_DEPLOY_DISK_IOPS=${diskIops} is more than Azure allows for a disk of TSDB_DEPLOY_DISK_GIB=${diskGiB}: 500 for each GiB, here ${mostIops}; take fewer or a larger disk`,
    );
  const mostMbps = Math.floor(diskIops / 4);
  if (diskMbps > mostMbps)
    fault(
      `TSDB_DEPLOY_DISK_MBPS=${diskMbps} is more than Azure allows with TSDB_DEPLOY_DISK_IOPS=${diskIops}: a quarter of it, here ${mostMbps}; take fewer or more operations`,
    );
}

// Takes the place of an unknown machine until its fault ends the run.
const NO_MACHINE: MachineSize = { cpus: 1, memoryMiB: 2048 };
