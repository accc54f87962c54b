// Environment -> frozen DeployConfig. The only place of infra/ and k8s/ that reads process.env.

import { isIPv4 } from 'node:net';
import { MACHINE_SIZES, type MachineSize } from './machine-sizes';
import { IMAGE_FLAVOURS, type ImageFlavour, type ImageFlavourName } from './pins';
import { SETTINGS, type SettingName } from './settings';

/** The whole deployment as checked, frozen data. `settings.ts` says what each value means. */
export interface DeployConfig {
  readonly name: string;
  readonly environment: string;
  readonly protectData: boolean;
  readonly diskGiB: number;
  readonly image: ImageFlavour;
  readonly schemas: string;
  /** Empty when not given: the kubernetes stack then fails inside Terraform, and no other stack does. */
  readonly appImage: string;
  readonly azure: {
    readonly region: string;
    readonly zone: string;
    readonly vmSize: string;
    readonly machine: MachineSize;
    /** Empty when not given: the azure stack then fails inside Terraform, and no other stack does. */
    readonly sshPublicKey: string;
    readonly sshCidrs: readonly string[];
    readonly apiCidrs: readonly string[];
    readonly dnsLabel: string;
  };
  readonly kubernetes: {
    readonly configPath: string;
    readonly context: string;
    readonly storageClass: string;
    readonly database: MachineSize;
    readonly apiReplicas: number;
  };
}

/** The caller's settings are wrong. The message lists every fault, one a line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Checks all settings before it gives up on any.
 * @throws UsageError with one line per fault
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): DeployConfig {
  const read = new Reader(env);
  const vmSize = read.oneOf('TSDB_DEPLOY_VM_SIZE', Object.keys(MACHINE_SIZES));
  const config: DeployConfig = {
    // 16 + 12 characters keep every Azure name within its limit.
    name: read.matching('TSDB_DEPLOY_NAME', /^[a-z][a-z0-9]{1,15}$/, '2 to 16 lower-case letters and digits'),
    environment: read.matching(
      'TSDB_DEPLOY_ENVIRONMENT',
      /^[a-z][a-z0-9]{1,11}$/,
      '2 to 12 lower-case letters and digits',
    ),
    protectData: read.oneOf('TSDB_DEPLOY_PROTECT_DATA', ['true', 'false']) === 'true',
    diskGiB: read.wholeNumber('TSDB_DEPLOY_DISK_GIB', 16, 65_536),
    image: imageOf(read),
    schemas: read.matching(
      'TSDB_SCHEMAS',
      /^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$/,
      'names of schema sets, comma-separated',
    ),
    appImage: read.optional('TSDB_APP_IMAGE', IMAGE_REFERENCE, 'an image reference'),
    azure: {
      region: read.matching('TSDB_DEPLOY_REGION', /^[a-z0-9]{2,40}$/, 'an Azure region such as westeurope'),
      zone: read.oneOf('TSDB_DEPLOY_ZONE', ['1', '2', '3']),
      vmSize,
      machine: MACHINE_SIZES[vmSize] ?? NO_MACHINE,
      sshPublicKey: read.optional(
        'TSDB_DEPLOY_SSH_PUBLIC_KEY',
        /^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( [^$%]*)?$/,
        'one line that starts with ssh-ed25519 or ssh-rsa',
      ),
      sshCidrs: sshNetworks(read),
      apiCidrs: read.networks('TSDB_DEPLOY_API_CIDRS'),
      dnsLabel: read.optional(
        'TSDB_DEPLOY_DNS_LABEL',
        /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
        '3 to 63 lower-case letters, digits and hyphens',
      ),
    },
    kubernetes: {
      configPath: read.matching('TSDB_DEPLOY_KUBE_CONFIG', /^[^$%\n]+$/, 'a file path'),
      context: read.optional('TSDB_DEPLOY_KUBE_CONTEXT', /^[^$%\n]+$/, 'a context name'),
      storageClass: read.optional(
        'TSDB_DEPLOY_STORAGE_CLASS',
        /^[a-z0-9][a-z0-9.-]*$/,
        'the name of a storage class',
      ),
      database: {
        cpus: read.wholeNumber('TSDB_DEPLOY_DB_CPUS', 1, 128),
        memoryMiB: read.wholeNumber('TSDB_DEPLOY_DB_MEMORY_MIB', 512, 1_048_576),
      },
      apiReplicas: read.wholeNumber('TSDB_DEPLOY_API_REPLICAS', 1, 50),
    },
  };
  read.refuseFaults();
  return freezeDeep(config);
}

// No `$` or `%`: such a value could turn into a Terraform template.
const IMAGE_REFERENCE = /^[a-z0-9][a-z0-9._/:-]*(@sha256:[0-9a-f]{64})?$/i;

// Stands in for an unknown machine until refuseFaults() ends the run.
const NO_MACHINE: MachineSize = { cpus: 1, memoryMiB: 2048 };

function imageOf(read: Reader): ImageFlavour {
  const flavour = read.oneOf('TSDB_DEPLOY_DB_FLAVOUR', Object.keys(IMAGE_FLAVOURS)) as ImageFlavourName;
  const image = read.optional('TSDB_DEPLOY_DB_IMAGE', IMAGE_REFERENCE, 'an image reference');
  const pinned: ImageFlavour = IMAGE_FLAVOURS[flavour];
  return image === '' ? { ...pinned } : { ...pinned, image };
}

function sshNetworks(read: Reader): readonly string[] {
  const networks = read.networks('TSDB_DEPLOY_SSH_CIDRS');
  for (const network of networks.filter((candidate) => candidate.endsWith('/0'))) {
    read.fault(
      `TSDB_DEPLOY_SSH_CIDRS would open SSH to the whole internet (${network}); name the networks of your operators`,
    );
  }
  return networks;
}

/** Reads single settings and remembers what was wrong with them. */
class Reader {
  private readonly faults: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {
    const known: readonly string[] = SETTINGS.map((setting) => setting.name);
    const unknown = Object.keys(env).filter(
      (name) => name.startsWith('TSDB_DEPLOY_') && !known.includes(name),
    );
    for (const name of unknown.sort()) this.fault(`${name} is not a setting of this deployment`);
  }

  fault(message: string): void {
    this.faults.push(message);
  }

  optional(name: SettingName, pattern: RegExp, expected: string): string {
    const value = this.value(name);
    return value === '' ? '' : this.checked(name, value, pattern.test(value), expected);
  }

  matching(name: SettingName, pattern: RegExp, expected: string): string {
    const value = this.value(name);
    return this.checked(name, value, pattern.test(value), expected);
  }

  oneOf(name: SettingName, allowed: readonly string[]): string {
    const value = this.value(name);
    return this.checked(name, value, allowed.includes(value), `one of ${allowed.join(', ')}`);
  }

  wholeNumber(name: SettingName, least: number, most: number): number {
    const value = this.value(name);
    const inRange = /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
    return Number(this.checked(name, value, inRange, `a whole number from ${least} to ${most}`));
  }

  networks(name: SettingName): readonly string[] {
    const networks = this.value(name)
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    for (const network of networks)
      this.checked(name, network, isNetwork(network), 'IPv4 networks such as 203.0.113.0/24');
    return networks;
  }

  refuseFaults(): void {
    if (this.faults.length > 0) throw new UsageError(this.faults.join('\n'));
  }

  private value(name: SettingName): string {
    const given = this.env[name]?.trim() ?? '';
    return given !== '' ? given : (SETTINGS.find((setting) => setting.name === name)?.default ?? '');
  }

  private checked(name: SettingName, value: string, good: boolean, expected: string): string {
    if (!good) this.fault(`${name} must be ${expected}, got "${value}"`);
    return value;
  }
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  return rest.length === 0 && isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
}

function freezeDeep<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) freezeDeep(inner);
  return Object.freeze(value);
}
