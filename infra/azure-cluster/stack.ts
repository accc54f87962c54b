// Wires the parts of a managed cluster and the machine in front of it, which applies the schema and runs the API.
import { TerraformOutput, TerraformResource } from 'cdktf';
import type { Construct } from 'constructs';
import { addAlerts } from '../azure/alerts';
import { addBastion } from '../azure/bastion';
import { addBudget } from '../azure/budget';
import { addDataDisk } from '../azure/data-disk';
import { addDatabaseVm } from '../azure/database-vm';
import { addDeployer } from '../azure/deployer';
import { addLocks } from '../azure/locks';
import type { Bundle } from '../azure/machine/bundle';
import { addMachineAccess } from '../azure/machine-access';
import { addMaintenanceWindow } from '../azure/maintenance-window';
import { addMonitoring } from '../azure/monitoring';
import { addNetwork } from '../azure/network';
import { addOutputs } from '../azure/outputs';
import { addResourceGroup } from '../azure/place';
import { addPrivateEndpoints, privateTargets } from '../azure/private-endpoints';
import { addAzureProvider, azureFeatures } from '../azure/provider';
import { addRollout } from '../azure/rollout';
import { addVault } from '../azure/secrets';
import { addStorage } from '../azure/storage';
import { BaseStack } from '../core/base-stack';
import type { DeployConfig } from '../core/config';
import { azureTags } from '../core/names';
import type { AzurePart } from '../core/settings/azure';
import { addCluster } from './cluster';
import { frontConfig } from './front';
import { addClusterSecrets, addRoles, drawPasswords } from './logins';
import { addClusterMonitoring } from './monitoring';

export interface AzureClusterStackProps {
  readonly config: DeployConfig;
  /** The application as an archive, for a machine without a database; see `front.ts`. */
  readonly bundle: Bundle;
}

/** Prefix of the name of the resource group, in which nothing of the azure stack is. */
const GROUP = 'rg-cluster';

export class AzureClusterStack extends BaseStack {
  constructor(scope: Construct, id: string, props: AzureClusterStackProps) {
    const config = frontConfig(props.config);
    super(scope, id, { config, tags: azureTags(config) });
    const { monthlyBudget, parts } = config.azure;
    const has = (part: AzurePart): boolean => parts.includes(part);
    const isPrivate = has('private-endpoints');
    const place = { config, resourceGroup: addResourceGroup(this, config, GROUP) };
    const deployer = addDeployer(this, config, GROUP);
    const { network, subnet, networkInterface, address } = addNetwork(this, place);
    const bastion = has('bastion') ? addBastion(this, place, network) : undefined;
    const vault = addVault(this, place, { deployer, subnet });
    const storage = addStorage(this, place, { deployer, subnet });

    const passwords = drawPasswords(this, place);
    const cluster = addCluster(this, place, passwords.values.owner);
    const endpoints = addPrivateEndpoints(this, place, {
      network,
      targets: [
        ...(isPrivate ? privateTargets({ vault, storage }) : []),
        {
          kind: 'coordinator',
          zone: 'privatelink.postgres.cosmos.azure.com',
          target: cluster.server.id,
        },
      ],
    });
    const clusterRoles = addRoles(this, place, { cluster, passwords });

    const eventHubs = undefined;
    const machine = addDatabaseVm(this, place, {
      ...{ networkInterface, vault, storage, eventHubs, keys: undefined },
      databaseHost: cluster.host,
    });
    const { disk, attachment } = addDataDisk(this, place, { machine, keys: undefined });
    const secrets = addClusterSecrets(this, { vault, passwords, after: endpoints });
    const { owner, app } = secrets;
    const roles = addMachineAccess(this, {
      ...{ machine, vault, storage, eventHubs, consumers: [] },
      secrets: { owner, app },
    });
    const after = [attachment, ...roles, ...endpoints, ...clusterRoles, ...cluster.settings];
    const rollout = addRollout(this, place, { machine, storage, bundle: props.bundle, after });

    const workspace = addMonitoring(this, place, { machine, vault, storage, eventHubs });
    // The service backs up the cluster.
    const group = addAlerts(this, place, { machine, workspace, eventHubs, without: ['no-backup'] });
    addClusterMonitoring(this, place, { cluster, workspace, group });
    if (monthlyBudget > 0) addBudget(this, place, group);
    if (has('maintenance-window')) addMaintenanceWindow(this, place, machine);
    if (has('locks'))
      addLocks(this, {
        locked: {
          cluster: cluster.server.id,
          disk: disk.id,
          storage: storage.account.id,
          vault: vault.vault.id,
        },
        after: this.node.findAll().filter(TerraformResource.isTerraformResource),
      });
    addOutputs(this, {
      ...{ config, address, machine, vault, storage, eventHubs, bastion, rollout },
      elsewhere: { databaseHost: cluster.host, group: GROUP, runbook: 'docs/azure-cluster.md' },
    });
    new TerraformOutput(this, 'cluster_id', { value: cluster.server.id });
    new TerraformOutput(this, 'database_host', { value: cluster.host });
    addAzureProvider(this, config, azureFeatures(isPrivate));
  }
}
