// Wires the Azure parts: one resource group with network, machine, data disk, secrets, storage, rollout and alerts.
import { TerraformResource } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../core/base-stack';
import type { DeployConfig } from '../core/config';
import { azureTags } from '../core/names';
import type { AzurePart } from '../core/settings/azure';
import { addAlerts } from './alerts';
import { addBastion } from './bastion';
import { addBudget } from './budget';
import { addCustomerKeys } from './customer-keys';
import { addDataDisk } from './data-disk';
import { addDatabaseVm } from './database-vm';
import { addDeployer } from './deployer';
import { addEventHubs } from './event-hubs';
import { addLocks } from './locks';
import type { Bundle } from './machine/bundle';
import { addMachineAccess } from './machine-access';
import { consumersOf } from './machine-consumers';
import { addMaintenanceWindow } from './maintenance-window';
import { addMonitoring } from './monitoring';
import { addNetwork } from './network';
import { addOutputs } from './outputs';
import { addResourceGroup } from './place';
import { addPrivateEndpoints, privateTargets } from './private-endpoints';
import { addAzureProvider, azureFeatures } from './provider';
import { addRecoveryVault } from './recovery-vault';
import { addRollout } from './rollout';
import { addSecrets, addVault } from './secrets';
import { addStorage } from './storage';

export interface AzureStackProps {
  readonly config: DeployConfig;
  /** The application as an archive; see `machine/bundle.ts`. */
  readonly bundle: Bundle;
}

export class AzureStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, bundle }: AzureStackProps) {
    super(scope, id, { config, tags: azureTags(config) });
    const { monthlyBudget, parts } = config.azure;
    const has = (part: AzurePart): boolean => parts.includes(part);
    const resourceGroup = addResourceGroup(this, config, 'rg');
    const place = { config, resourceGroup };
    const deployer = addDeployer(this, config);
    const { network, subnet, networkInterface, address } = addNetwork(this, place);
    const bastion = has('bastion') ? addBastion(this, place, network) : undefined;

    const vault = addVault(this, place, { deployer, subnet });
    const storage = addStorage(this, place, { deployer, subnet });
    const eventHubs = addEventHubs(this, place, { deployer, subnet });
    const endpoints = has('private-endpoints')
      ? addPrivateEndpoints(this, place, { network, targets: privateTargets({ vault, storage, eventHubs }) })
      : [];
    const keys = has('customer-keys')
      ? addCustomerKeys(this, place, { deployer, vault, storage, after: endpoints })
      : undefined;

    const machine = addDatabaseVm(this, place, { networkInterface, vault, storage, eventHubs, keys });
    const { disk, attachment } = addDataDisk(this, place, { machine, keys });
    const secrets = addSecrets(this, place, { vault, after: [machine, ...endpoints] });
    const consumers = consumersOf(config);
    const roles = addMachineAccess(this, { machine, vault, secrets, storage, eventHubs, consumers });
    const after = [attachment, ...roles, ...endpoints, ...(eventHubs?.topics ?? [])];
    const rollout = addRollout(this, place, { machine, storage, bundle, after });

    const workspace = addMonitoring(this, place, { machine, vault, storage, eventHubs });
    const group = addAlerts(this, place, { machine, workspace, eventHubs });
    if (monthlyBudget > 0) addBudget(this, place, group);
    if (has('maintenance-window')) addMaintenanceWindow(this, place, machine);
    if (has('recovery-vault')) addRecoveryVault(this, place, { machine, after: attachment });
    if (has('locks'))
      addLocks(this, {
        locked: {
          disk: disk.id,
          storage: storage.account.id,
          vault: vault.vault.id,
          ...(eventHubs === undefined ? {} : { 'event-hubs': eventHubs.namespace.id }),
        },
        after: this.allResources(),
      });
    addOutputs(this, { config, address, machine, vault, storage, eventHubs, bastion, rollout });
    addAzureProvider(this, config, azureFeatures(has('private-endpoints')));
  }

  private allResources(): readonly TerraformResource[] {
    return this.node.findAll().filter(TerraformResource.isTerraformResource);
  }
}
