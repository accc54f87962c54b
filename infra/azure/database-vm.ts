// The machine that runs the database. It can be replaced at any time: everything of value is on the data disk.
import { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import { Fn, Token } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { requiredVariable } from '../core/variables';
import type { CustomerKeys } from './customer-keys';
import type { EventHubs } from './event-hubs';
import { cloudInit } from './machine/cloud-init';
import { type Place, placed } from './place';
import { SECRET_NAMES, type Vault } from './secrets';
import type { Storage } from './storage';

export interface DatabaseVmProps {
  readonly networkInterface: NetworkInterface;
  readonly vault: Vault;
  readonly storage: Storage;
  readonly eventHubs: EventHubs | undefined;
  /** Of a database that a service runs; left out where the machine runs its own. */
  readonly databaseHost?: string;
  /** For the system disk. */
  readonly keys: CustomerKeys | undefined;
}

export const ADMIN_USER = 'ops';

export function addDatabaseVm(stack: Construct, place: Place, props: DatabaseVmProps): LinuxVirtualMachine {
  const scope = new Construct(stack, 'database');
  const { config } = place;
  const { networkInterface, keys } = props;
  const sshPublicKey = requiredVariable(scope, 'ssh_public_key', {
    description: 'Public SSH key of the operator.',
    value: config.azure.sshPublicKey,
    pattern: '^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+',
    errorMessage:
      'The azure stack needs an SSH public key. Set TSDB_DEPLOY_SSH_PUBLIC_KEY to one line that starts with ssh-ed25519 or ssh-rsa.',
  });
  return new LinuxVirtualMachine(scope, 'machine', {
    ...placed(place, 'vm'),
    zone: config.azure.zone,
    size: config.azure.vmSize,
    networkInterfaceIds: [networkInterface.id],
    adminUsername: ADMIN_USER,
    adminSshKey: [{ username: ADMIN_USER, publicKey: sshPublicKey }],
    disablePasswordAuthentication: true,
    // A single identity, because pgBackRest cannot choose between several.
    identity: { type: 'SystemAssigned' },
    osDisk: {
      name: azureName(config, 'osdisk'),
      caching: 'ReadWrite',
      storageAccountType: 'Premium_LRS',
      diskSizeGb: 64,
      ...(keys === undefined ? {} : { diskEncryptionSetId: keys.diskEncryption.id }),
    },
    sourceImageReference: {
      publisher: 'Canonical',
      offer: 'ubuntu-24_04-lts',
      sku: 'server',
      // Azure keeps only the newest versions, so a pinned one would disappear.
      version: 'latest',
    },
    secureBootEnabled: true,
    vtpmEnabled: true,
    encryptionAtHostEnabled: true,
    provisionVmAgent: true,
    allowExtensionOperations: true,
    bootDiagnostics: {},
    ...patching(config),
    customData: base64(cloudInit()),
    userData: Fn.base64encode(Fn.jsonencode(factsOf(config, props))),
    ...(keys === undefined ? {} : { dependsOn: [keys.mayEncrypt] }),
    lifecycle: {
      // A change of either would replace the machine, though only a new machine needs it.
      ignoreChanges: ['custom_data', 'source_image_reference'],
    },
  });
}

// What the machine needs to know about its deployment. It reads this from the metadata endpoint. So can everything else
// that reaches that endpoint, hence nothing in it is secret.
function factsOf({ azure }: DeployConfig, { vault, storage, eventHubs, databaseHost }: DatabaseVmProps) {
  return {
    vaultUri: vault.vault.vaultUri,
    secretNames: SECRET_NAMES,
    storageAccount: storage.account.name,
    bundleContainer: storage.bundles.name,
    backupContainer: storage.backups.name,
    dumpContainer: storage.dumps.name,
    apiHostName: azure.hostName,
    ...(eventHubs === undefined ? {} : { kafkaBrokers: eventHubs.brokers }),
    ...(databaseHost === undefined ? {} : { databaseHost }),
  };
}

/** Either Ubuntu's unattended upgrades or Azure's patching in a maintenance window, never both. */
function patching({ azure }: DeployConfig) {
  if (!azure.parts.includes('maintenance-window')) return { patchMode: 'ImageDefault' };
  return {
    patchMode: 'AutomaticByPlatform',
    patchAssessmentMode: 'AutomaticByPlatform',
    rebootSetting: 'IfRequired',
    bypassPlatformSafetyChecksOnUserScheduleEnabled: true,
  };
}

function base64(text: string): string {
  // Terraform could not resolve a reference that is already encoded.
  if (Token.isUnresolved(text)) throw new Error('cloud-init must not contain Terraform references');
  return Buffer.from(text, 'utf8').toString('base64');
}
