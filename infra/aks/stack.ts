// Wires the parts of an Azure Kubernetes cluster that the kubernetes stack can be deployed into.
import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import type { KubernetesCluster } from '@cdktf/provider-azurerm/lib/kubernetes-cluster';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { TerraformOutput } from 'cdktf';
import { Construct } from 'constructs';
import { addLogWorkspace } from '../azure/log-workspace';
import { addResourceGroup } from '../azure/place';
import { addAzureProvider } from '../azure/provider';
import { BaseStack } from '../core/base-stack';
import type { DeployConfig } from '../core/config';
import { azureTags } from '../core/names';
import { addCluster } from './cluster';
import { addMonitoring } from './monitoring';
import { addNetwork } from './network';
import { operatorNetworks } from './operator-networks';

export interface AksStackProps {
  readonly config: DeployConfig;
}

/**
 * Other stacks get only the name and resource group of the cluster. Whoever deploys into it asks Azure for the address
 * and logs in with their own identity, so no credential passes from one state to another.
 */
export class AksStack extends BaseStack {
  readonly clusterName: string;
  readonly resourceGroupName: string;

  constructor(scope: Construct, id: string, { config }: AksStackProps) {
    super(scope, id, { config, tags: azureTags(config) });
    const me = new DataAzurermClientConfig(this, 'me', {});
    const resourceGroup = addResourceGroup(this, config, 'rg-aks');
    const place = { config, resourceGroup };
    const network = addNetwork(this, place);
    const workspace = addLogWorkspace(new Construct(this, 'logs'), place, 'log-aks');
    const cluster = addCluster(this, place, {
      network,
      workspace,
      tenantId: me.tenantId,
      operatorNetworks: config.aks.private ? undefined : operatorNetworks(this, config),
    });
    addMonitoring(this, place, { workspace, cluster });
    // Even the identity that creates the cluster cannot read its pods without this role.
    new RoleAssignment(this, 'deployer-administers', {
      scope: cluster.id,
      // When another identity makes the plan, the role must still go to the one that deploys.
      principalId: config.azure.deployerId || me.objectId,
      roleDefinitionName: 'Azure Kubernetes Service RBAC Cluster Admin',
    });

    this.clusterName = cluster.name;
    this.resourceGroupName = cluster.resourceGroupName;
    const { name } = cluster;
    new TerraformOutput(this, 'cluster_name', { value: name });
    new TerraformOutput(this, 'resource_group', { value: resourceGroup.name });
    if (config.aks.private) this.addPrivateOutputs(cluster, network.network.id);
    new TerraformOutput(this, 'kubectl_login', {
      value: `az aks get-credentials --resource-group ${resourceGroup.name} --name ${name} && kubelogin convert-kubeconfig --login azurecli`,
      description: 'Commands that let kubectl in; they store no secret, each call logs in as you',
    });
    addAzureProvider(this, config, { resourceGroup: [{ preventDeletionIfContainsResources: true }] });
  }

  /** What connects another network with that of the API server. */
  private addPrivateOutputs(cluster: KubernetesCluster, networkId: string): void {
    new TerraformOutput(this, 'network_id', {
      value: networkId,
      description: 'The network to connect yours with, by a peering or a gateway',
    });
    new TerraformOutput(this, 'private_name', {
      value: cluster.privateFqdn,
      description: 'Name of the API server, which your network must be able to look up',
    });
  }
}
