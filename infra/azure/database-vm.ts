// The machine that runs the database. It can be replaced at any time: everything of value is on the data disk.

import { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { Token } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { requiredVariable } from '../core/required-variable';

export interface DatabaseVmProps {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
  readonly networkInterface: NetworkInterface;
  /** The cloud-init document in clear text: no secret and no Terraform reference. */
  readonly cloudInit: string;
}

export const ADMIN_USER = 'ops';

export class DatabaseVm extends Construct {
  readonly machine: LinuxVirtualMachine;

  constructor(
    scope: Construct,
    id: string,
    { config, resourceGroup, networkInterface, cloudInit }: DatabaseVmProps,
  ) {
    super(scope, id);
    const sshPublicKey = requiredVariable(this, 'ssh_public_key', {
      description: 'Public SSH key of the operator.',
      value: config.azure.sshPublicKey,
      pattern: '^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+',
      errorMessage:
        'The azure stack needs an SSH public key. Set TSDB_DEPLOY_SSH_PUBLIC_KEY to one line that starts with ssh-ed25519 or ssh-rsa.',
    });
    this.machine = new LinuxVirtualMachine(this, 'machine', {
      name: azureName(config, 'vm'),
      location: resourceGroup.location,
      resourceGroupName: resourceGroup.name,
      zone: config.azure.zone,
      size: config.azure.vmSize,
      networkInterfaceIds: [networkInterface.id],
      adminUsername: ADMIN_USER,
      adminSshKey: [{ username: ADMIN_USER, publicKey: sshPublicKey.stringValue }],
      disablePasswordAuthentication: true,
      identity: { type: 'SystemAssigned' },
      osDisk: {
        name: azureName(config, 'osdisk'),
        caching: 'ReadWrite',
        storageAccountType: 'Premium_LRS',
        diskSizeGb: 64,
      },
      sourceImageReference: {
        publisher: 'Canonical',
        offer: 'ubuntu-24_04-lts',
        sku: 'server',
        version: 'latest',
      },
      secureBootEnabled: true,
      vtpmEnabled: true,
      bootDiagnostics: {},
      customData: base64(cloudInit),
      lifecycle: {
        // Either would replace the machine: for a new image each month, or for an edit that the disk does not need.
        ignoreChanges: ['custom_data', 'source_image_reference'],
      },
    });
  }
}

function base64(text: string): string {
  // A reference inside would be encoded before Terraform could resolve it.
  if (Token.isUnresolved(text)) throw new Error('cloud-init must not contain Terraform references');
  return Buffer.from(text, 'utf8').toString('base64');
}
