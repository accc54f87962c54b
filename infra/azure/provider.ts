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
