// How Terraform connects to the cluster: with an existing kubeconfig, or as the user who is logged in to Azure.
import { DataAzurermKubernetesCluster } from '@cdktf/provider-azurerm/lib/data-azurerm-kubernetes-cluster';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { Fn, type TerraformStack } from 'cdktf';
import type { DeployConfig } from '../infra/core/config';

/** The cluster of stack `aks`. These are references into that stack, so it is deployed first. */
export interface AksReference {
  readonly clusterName: string;
  readonly resourceGroupName: string;
}

/**
 * Adds the provider to a stack. With `aks`, this stack itself reads address and certificate of the cluster from Azure,
 * and each request carries a token that `kubelogin` fetches. So no credential passes between the stacks.
 */
export function addClusterProvider(stack: TerraformStack, config: DeployConfig, aks?: AksReference): void {
  if (aks !== undefined) {
    addAksProvider(stack, aks);
    return;
  }
  const { configPath, context } = config.kubernetes;
  new KubernetesProvider(stack, 'kubernetes', {
    configPath,
    ...(context === '' ? {} : { configContext: context }),
  });
}

function addAksProvider(stack: TerraformStack, { clusterName, resourceGroupName }: AksReference): void {
  // The stack that makes the cluster registers the resource providers of the subscription.
  new AzurermProvider(stack, 'azurerm', { resourceProviderRegistrations: 'none', features: [{}] });
  const cluster = new DataAzurermKubernetesCluster(stack, AKS, {
    name: clusterName,
    resourceGroupName,
  });
  const access = cluster.kubeConfig.get(0);
  new KubernetesProvider(stack, 'kubernetes', {
    host: access.host,
    clusterCaCertificate: Fn.base64decode(access.clusterCaCertificate),
    exec: [
      {
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        command: 'kubelogin',
        args: ['get-token', '--login', 'azurecli', '--server-id', AKS_SERVER],
      },
    ],
  });
}

/** Where the cluster of a stack is, when Azure says it; nothing when a kubeconfig does. */
export function clusterAddress(
  stack: TerraformStack,
): { readonly host: string; readonly certificate: string } | undefined {
  const cluster = stack.node.tryFindChild(AKS) as DataAzurermKubernetesCluster | undefined;
  if (cluster === undefined) return undefined;
  const { host, clusterCaCertificate } = cluster.kubeConfig.get(0);
  return { host, certificate: Fn.base64decode(clusterCaCertificate) };
}

/** Id of the construct that reads the cluster from Azure. */
const AKS = 'aks';

// The id of AKS as an application in Entra ID. It is the same for every cluster and tenant.
const AKS_SERVER = '6dae42f8-4368-4678-94ff-3960e28e3630';
