// Where a resource belongs and what it is called, which almost every Azure resource has to say.
import { DataAzurermResourceGroup } from '@cdktf/provider-azurerm/lib/data-azurerm-resource-group';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import type { TerraformStack } from 'cdktf';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';

/** What all parts of the stacks azure and aks are given. */
export interface Place {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup | DataAzurermResourceGroup;
}

/**
 * The group of a stack. An identity that has its rights on a group only cannot create it: it uses one that is there.
 * @param kind prefix of its name; see `azureName`
 */
export function addResourceGroup(
  stack: TerraformStack,
  config: DeployConfig,
  kind: string,
): ResourceGroup | DataAzurermResourceGroup {
  const name = azureName(config, kind);
  const { region, resourceGroup } = config.azure;
  if (resourceGroup === 'create') return new ResourceGroup(stack, 'group', { name, location: region });
  return new DataAzurermResourceGroup(stack, 'group', {
    name,
    lifecycle: {
      // Everything is created where the group is, and host names contain the region.
      postcondition: [
        {
          condition: `\${self.location == "${region}"}`,
          errorMessage: `The resource group ${name} must be in ${region}. Create it there, or set TSDB_DEPLOY_REGION to its region.`,
        },
      ],
    },
  });
}

/**
 * Name, region and resource group. The last two are references, so every resource is created after the group.
 * @param kind prefix of the name; see `azureName`
 */
export function placed({ config, resourceGroup }: Place, kind: string) {
  return {
    name: azureName(config, kind),
    location: resourceGroup.location,
    resourceGroupName: resourceGroup.name,
  };
}
