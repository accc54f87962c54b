// How Terraform gets into the cluster: by a kubeconfig that is there, or as the one who is logged in to Azure.
import { DataAzurermKubernetesCluster } from '@cdktf/provider-azurerm/lib/data-azurerm-kubernetes-cluster';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { Fn, type TerraformStack } from 'cdktf';
import type { DeployConfig } from '../infra/core/config';

/** Where the cluster of stack `aks` is. References into that stack, which therefore is deployed first. */
export interface AksReference {
  readonly clusterName: string;
  readonly resourceGroupName: string;
}

/**
 * Adds the provider to a stack. With `aks`, its address and certificate are read from Azure in this very stack, and each
 * request carries a token that `kubelogin` fetches: no credential is handed over between the stacks.
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
  // Registering what a subscription may use is left to the stack that makes the cluster.
  new AzurermProvider(stack, 'azurerm', { resourceProviderRegistrations: 'none', features: [{}] });
  const cluster = new DataAzurermKubernetesCluster(stack, 'aks', {
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

// The application that every AKS cluster is known as to Entra ID, in every tenant.
const AKS_SERVER = '6dae42f8-4368-4678-94ff-3960e28e3630';
