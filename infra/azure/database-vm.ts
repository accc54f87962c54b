// The machine that runs the database. It can be replaced at any time: everything of value is on the data disk.
import { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import { Fn, Token } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { requiredVariable } from '../core/required-variable';
import type { CustomerKeys } from './customer-keys';
import type { MachineFacts } from './machine/machine-facts';
import { type PartProps, placeIn } from './place';

export interface DatabaseVmProps extends PartProps {
  readonly networkInterface: NetworkInterface;
  /** The cloud-init document in clear text. It contains neither secrets nor Terraform references. */
  readonly cloudInit: string;
  /** Not secret either, but may contain references. The machine reads them from the metadata endpoint. */
  readonly facts: MachineFacts;
  /** Customer-managed keys for the system disk. */
  readonly keys?: CustomerKeys | undefined;
}

export const ADMIN_USER = 'ops';

export class DatabaseVm extends Construct {
  readonly machine: LinuxVirtualMachine;

  constructor(scope: Construct, id: string, props: DatabaseVmProps) {
    super(scope, id);
    const { config, resourceGroup, networkInterface, cloudInit, facts, keys } = props;
    const sshPublicKey = requiredVariable(this, 'ssh_public_key', {
      description: 'Public SSH key of the operator.',
      value: config.azure.sshPublicKey,
      pattern: '^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+',
      errorMessage:
        'The azure stack needs an SSH public key. Set TSDB_DEPLOY_SSH_PUBLIC_KEY to one line that starts with ssh-ed25519 or ssh-rsa.',
    });
    this.machine = new LinuxVirtualMachine(this, 'machine', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'vm'),
      zone: config.azure.zone,
      size: config.azure.vmSize,
      networkInterfaceIds: [networkInterface.id],
      adminUsername: ADMIN_USER,
      adminSshKey: [{ username: ADMIN_USER, publicKey: sshPublicKey.stringValue }],
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
      customData: base64(cloudInit),
      userData: Fn.base64encode(Fn.jsonencode(facts)),
      ...(keys === undefined ? {} : { dependsOn: [keys.mayEncrypt] }),
      lifecycle: {
        // A change of either would replace the machine, though only a new machine needs it.
        ignoreChanges: ['custom_data', 'source_image_reference'],
      },
    });
  }
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
