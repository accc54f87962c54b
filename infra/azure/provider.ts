// The Terraform provider of Azure.
import { AzurermProvider, type AzurermProviderFeatures } from '@cdktf/provider-azurerm/lib/provider';
import type { TerraformStack } from 'cdktf';
import type { DeployConfig } from '../core/config';
import { resourceProviders } from './resource-providers';

/** Added last, as it registers what the resources of the stack need. */
export function addAzureProvider(
  stack: TerraformStack,
  { azure }: DeployConfig,
  features: AzurermProviderFeatures,
): void {
  // The subscription comes from ARM_SUBSCRIPTION_ID, as it is not known during synthesis.
  new AzurermProvider(stack, 'azurerm', {
    ...(azure.registerProviders
      ? {
          resourceProviderRegistrations: 'core',
          resourceProvidersToRegister: [...resourceProviders(stack)],
        }
      : { resourceProviderRegistrations: 'none' }),
    storageUseAzuread: true,
    features: [features],
  });
}

/** @param isPrivate whether vault and storage have private addresses only */
export function azureFeatures(isPrivate: boolean): AzurermProviderFeatures {
  return {
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
  };
}
