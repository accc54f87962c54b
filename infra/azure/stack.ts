// Wires the Azure parts: one resource group with network, machine, data disk, secrets, storage, rollout and alerts.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { type ITerraformDependable, TerraformResource } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../core/base-stack';
import type { DeployConfig } from '../core/config';
import { azureName, azureTags } from '../core/names';
import type { AzurePart } from '../core/settings/azure';
import { Alerts } from './alerts';
import { Bastion } from './bastion';
import { Budget } from './budget';
import { CustomerKeys } from './customer-keys';
import { DataDisk } from './data-disk';
import { DatabaseVm } from './database-vm';
import { Deployer } from './deployer';
import { Locks } from './locks';
import type { Bundle } from './machine/bundle';
import { cloudInit } from './machine/cloud-init';
import type { MachineFacts } from './machine/machine-facts';
import { MachineAccess } from './machine-access';
import { MaintenanceWindow } from './maintenance-window';
import { Monitoring } from './monitoring';
import { Network } from './network';
import { addOutputs } from './outputs';
import { PrivateEndpoints } from './private-endpoints';
import { RecoveryVault } from './recovery-vault';
import { Rollout } from './rollout';
import { SECRET_NAMES, Secrets, Vault } from './secrets';
import { Storage } from './storage';

export interface AzureStackProps {
  readonly config: DeployConfig;
  /** The application as an archive; see `machine/bundle.ts`. */
  readonly bundle: Bundle;
}

export class AzureStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, bundle }: AzureStackProps) {
    super(scope, id, { config, tags: azureTags(config) });
    const has = (part: AzurePart): boolean => config.azure.parts.includes(part);
    this.addProvider(has('private-endpoints'));
    const resourceGroup = new ResourceGroup(this, 'group', {
      name: azureName(config, 'rg'),
      location: config.azure.region,
    });
    const shared = { config, resourceGroup };
    const deployer = new Deployer(this, 'deployer', { config });
    const network = new Network(this, 'network', shared);
    const bastion = has('bastion') ? new Bastion(this, 'bastion', { ...shared, network }) : undefined;

    const vault = new Vault(this, 'vault', { ...shared, deployer, network });
    const storage = new Storage(this, 'storage', { ...shared, deployer, network });
    const endpoints = has('private-endpoints')
      ? new PrivateEndpoints(this, 'endpoints', {
          ...shared,
          network,
          vault: vault.vault,
          account: storage.account,
        }).endpoints
      : [];
    const keys = has('customer-keys')
      ? new CustomerKeys(this, 'keys', {
          ...shared,
          deployer,
          vault,
          account: storage.account,
          after: endpoints,
        })
      : undefined;

    const { machine } = new DatabaseVm(this, 'database', {
      ...shared,
      networkInterface: network.networkInterface,
      cloudInit: cloudInit(),
      facts: factsFor(config, vault, storage),
      keys,
    });
    const { disk, attachment } = new DataDisk(this, 'data', { ...shared, machine, keys });
    const secrets = new Secrets(this, 'secrets', { ...shared, vault, after: [machine, ...endpoints] });
    const { roles } = new MachineAccess(this, 'access', { machine, secrets, storage });
    new Rollout(this, 'rollout', {
      ...shared,
      machine,
      storage,
      bundle,
      after: [attachment, ...roles, ...endpoints],
    });

    const monitoring = new Monitoring(this, 'monitoring', {
      ...shared,
      machine,
      vault: vault.vault,
      account: storage.account,
    });
    const { group } = new Alerts(this, 'alerts', { ...shared, machine, monitoring });
    if (config.azure.monthlyBudget > 0) new Budget(this, 'budget', { ...shared, group });
    this.addCare(shared, machine, attachment);
    if (has('locks'))
      new Locks(this, 'locks', { disk, storage, vault: vault.vault, after: this.allResources() });
    addOutputs(this, { config, network, machine, vault: vault.vault, account: storage.account, bastion });
  }

  private addProvider(isPrivate: boolean): void {
    // The provider takes the subscription from ARM_SUBSCRIPTION_ID, as it is not known during synthesis.
    new AzurermProvider(this, 'azurerm', {
      resourceProviderRegistrations: 'core',
      storageUseAzuread: true,
      features: [
        {
          keyVault: [
            {
              // The vault cannot be purged. Creating it again under the same name recovers its content.
              purgeSoftDeleteOnDestroy: false,
              purgeSoftDeletedKeysOnDestroy: false,
              purgeSoftDeletedSecretsOnDestroy: false,
              recoverSoftDeletedKeyVaults: true,
              recoverSoftDeletedKeys: true,
              recoverSoftDeletedSecrets: true,
            },
          ],
          managedDisk: [{ expandWithoutDowntime: true }],
          resourceGroup: [{ preventDeletionIfContainsResources: true }],
          // An account without public access can be reached only after its private endpoint exists.
          storage: [{ dataPlaneAvailable: !isPrivate }],
          virtualMachine: [{ deleteOsDiskOnDeletion: true, skipShutdownAndForceDelete: false }],
        },
      ],
    });
  }

  private addCare(
    shared: { readonly config: DeployConfig; readonly resourceGroup: ResourceGroup },
    machine: LinuxVirtualMachine,
    attachment: ITerraformDependable,
  ): void {
    const { parts } = shared.config.azure;
    if (parts.includes('maintenance-window'))
      new MaintenanceWindow(this, 'maintenance', { ...shared, machine });
    if (parts.includes('recovery-vault'))
      new RecoveryVault(this, 'recovery', { ...shared, machine, after: [attachment] });
  }

  private allResources(): readonly TerraformResource[] {
    return this.node.findAll().filter(TerraformResource.isTerraformResource);
  }
}

function factsFor(config: DeployConfig, { vault }: Vault, storage: Storage): MachineFacts {
  return {
    vaultUri: vault.vaultUri,
    secretNames: SECRET_NAMES,
    storageAccount: storage.account.name,
    bundleContainer: storage.bundles.name,
    backupContainer: storage.backups.name,
    dumpContainer: storage.dumps.name,
    apiHostName: config.azure.hostName,
  };
}
