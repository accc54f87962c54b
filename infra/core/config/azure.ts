// The settings of the azure stack, read and checked.
import { MACHINE_SIZES, type MachineSize } from '../machine-sizes';
import { AZURE_PARTS, type AzurePart, type Exposure, type StorageReplication } from '../settings/azure';
import type { Reader } from './reader';

/** `settings/azure.ts` says what each value means. */
export interface AzureConfig {
  readonly region: string;
  readonly zone: string;
  readonly vmSize: string;
  readonly machine: MachineSize;
  readonly diskIops: number;
  readonly diskMbps: number;
  readonly networkRange: string;
  readonly exposure: Exposure;
  /** Empty when not given: the azure stack then fails inside Terraform, and no other stack does. */
  readonly sshPublicKey: string;
  readonly sshCidrs: readonly string[];
  readonly apiCidrs: readonly string[];
  /** As `sshPublicKey`. */
  readonly deployerCidrs: readonly string[];
  /** Empty for the identity that runs Terraform. */
  readonly deployerId: string;
  readonly dnsLabel: string;
  /** DNS name of the API: the own one, else the one that Azure gives to the label; empty when there is neither. */
  readonly hostName: string;
  readonly backupDays: number;
  readonly storageReplication: StorageReplication;
  readonly alertEmail: string;
  readonly monthlyBudget: number;
  readonly parts: readonly AzurePart[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Notes its faults in the reader. */
export function readAzure(read: Reader): AzureConfig {
  const region = read.matching(
    'TSDB_DEPLOY_REGION',
    /^[a-z0-9]{2,40}$/,
    'an Azure region such as westeurope',
  );
  const vmSize = read.oneOf('TSDB_DEPLOY_VM_SIZE', Object.keys(MACHINE_SIZES));
  return {
    region,
    zone: read.oneOf('TSDB_DEPLOY_ZONE', ['1', '2', '3']),
    vmSize,
    machine: MACHINE_SIZES[vmSize] ?? NO_MACHINE,
    // Azure's limits for one Premium SSD v2.
    diskIops: read.wholeNumber('TSDB_DEPLOY_DISK_IOPS', 3000, 80_000),
    diskMbps: read.wholeNumber('TSDB_DEPLOY_DISK_MBPS', 125, 1200),
    networkRange: read.matching(
      'TSDB_DEPLOY_NETWORK',
      /^(10\.\d{1,3}|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
      'a private /16 network such as 10.20.0.0/16',
    ),
    ...readExposure(read),
    sshPublicKey: read.optional(
      'TSDB_DEPLOY_SSH_PUBLIC_KEY',
      /^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( [^$%]*)?$/,
      'one line that starts with ssh-ed25519 or ssh-rsa',
    ),
    sshCidrs: sshNetworks(read),
    apiCidrs: read.networks('TSDB_DEPLOY_API_CIDRS'),
    deployerCidrs: read.networks('TSDB_DEPLOY_DEPLOYER_CIDRS'),
    deployerId: read.optional(
      'TSDB_DEPLOY_DEPLOYER_ID',
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      'an object id such as 00000000-0000-0000-0000-000000000000',
    ),
    ...readNames(read, region),
    backupDays: read.wholeNumber('TSDB_DEPLOY_BACKUP_DAYS', 7, 365),
    storageReplication: read.oneOf('TSDB_DEPLOY_STORAGE_REPLICATION', ['LRS', 'ZRS', 'GZRS']),
    alertEmail: read.optional('TSDB_DEPLOY_ALERT_EMAIL', /^[^\s@$%]+@[^\s@$%]+$/, 'a mail address'),
    monthlyBudget: read.wholeNumber('TSDB_DEPLOY_MONTHLY_BUDGET', 0, 10_000_000),
    tags: read.pairs('TSDB_DEPLOY_TAGS', /^[\w.-]{1,64}=[\w .@:-]{0,128}$/, 'pairs such as owner=ops'),
  };
}

// Stands in for an unknown machine until the reader's faults end the run.
const NO_MACHINE: MachineSize = { cpus: 1, memoryMiB: 2048 };

function readExposure(read: Reader): Pick<AzureConfig, 'exposure' | 'parts'> {
  const exposure = read.oneOf('TSDB_DEPLOY_EXPOSURE', ['public', 'private']);
  const parts = read.manyOf('TSDB_DEPLOY_PARTS', AZURE_PARTS);
  if (exposure === 'private' && !parts.includes('nat'))
    read.fault(
      'TSDB_DEPLOY_EXPOSURE=private leaves the machine no way to packages, images and the vault; add nat to TSDB_DEPLOY_PARTS',
    );
  return { exposure, parts };
}

function readNames(read: Reader, region: string): Pick<AzureConfig, 'dnsLabel' | 'hostName'> {
  const dnsLabel = read.optional(
    'TSDB_DEPLOY_DNS_LABEL',
    /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
    '3 to 63 lower-case letters, digits and hyphens',
  );
  const own = read.optional(
    'TSDB_DEPLOY_HOST_NAME',
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'a lower-case DNS name such as metrics.example.org',
  );
  const given = dnsLabel === '' ? '' : `${dnsLabel}.${region}.cloudapp.azure.com`;
  return { dnsLabel, hostName: own === '' ? given : own };
}

function sshNetworks(read: Reader): readonly string[] {
  const networks = read.networks('TSDB_DEPLOY_SSH_CIDRS');
  for (const network of networks.filter((candidate) => candidate.endsWith('/0')))
    read.fault(
      `TSDB_DEPLOY_SSH_CIDRS would open SSH to the whole internet (${network}); name the networks of your operators`,
    );
  return networks;
}
