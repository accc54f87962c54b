// Wires the Azure parts: one resource group with a network, a machine, its data disk and the way in.

import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../core/base-stack';
import type { DeployConfig } from '../core/config';
import { databaseShare } from '../core/machine-sizes';
import { azureName, azureTags, DATABASE } from '../core/names';
import { cloudInit } from './cloud-init';
import { DataDisk } from './data-disk';
import { ADMIN_USER, DatabaseVm } from './database-vm';
import { DATA_PATHS } from './machine-layout';
import { Network } from './network';

export interface AzureStackProps {
  readonly config: DeployConfig;
}

export class AzureStack extends BaseStack {
  constructor(scope: Construct, id: string, { config }: AzureStackProps) {
    super(scope, id, { tags: azureTags(config) });
    // The subscription comes from ARM_SUBSCRIPTION_ID: a literal would have to be known at synth.
    new AzurermProvider(this, 'azurerm', {
      resourceProviderRegistrations: 'core',
      features: [
        {
          managedDisk: [{ expandWithoutDowntime: true }],
          resourceGroup: [{ preventDeletionIfContainsResources: true }],
          virtualMachine: [{ deleteOsDiskOnDeletion: true, skipShutdownAndForceDelete: false }],
        },
      ],
    });
    const resourceGroup = new ResourceGroup(this, 'group', {
      name: azureName(config, 'rg'),
      location: config.azure.region,
    });
    const network = new Network(this, 'network', { config, resourceGroup });
    const { machine } = new DatabaseVm(this, 'database', {
      config,
      resourceGroup,
      networkInterface: network.networkInterface,
      cloudInit: cloudInit(config.image, databaseShare(config.azure.machine)),
    });
    new DataDisk(this, 'data', { config, resourceGroup, machine });
    this.printTheWayIn(config, network);
  }

  private printTheWayIn(config: DeployConfig, { publicIp }: Network): void {
    const login = `${ADMIN_USER}@${publicIp.ipAddress}`;
    const closed =
      config.azure.sshCidrs.length === 0 ? ' (port 22 is closed: set TSDB_DEPLOY_SSH_CIDRS first)' : '';
    const tunnel = `ssh -N -L ${DATABASE.port}:127.0.0.1:${DATABASE.port} ${login}`;
    const password = `ssh ${login} sudo cat ${DATA_PATHS.passwordFile}`;
    const url = `postgres://${DATABASE.superuser}@127.0.0.1:${DATABASE.port}/${DATABASE.name}`;

    new TerraformOutput(this, 'public_ip', { value: publicIp.ipAddress });
    if (config.azure.dnsLabel !== '') new TerraformOutput(this, 'fqdn', { value: publicIp.fqdn });
    new TerraformOutput(this, 'ssh', { value: `ssh ${login}`, description: `Shell on the machine${closed}` });
    new TerraformOutput(this, 'tunnel', {
      value: tunnel,
      description: `Way to the database; it has no public port${closed}`,
    });
    new TerraformOutput(this, 'database_url', {
      value: url,
      description: 'Address of the database once the tunnel is open',
    });
    new TerraformOutput(this, 'apply_schema', {
      value: `with the tunnel open: PGPASSWORD="$(${password})" DATABASE_URL=${url} npm run db:apply -- --yes`,
      description: 'Nothing applies the schema on the machine yet: run tsdb apply through the tunnel',
    });
  }
}
