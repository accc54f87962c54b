// Where a resource belongs and what it is called, which almost every Azure resource has to say.
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';

/** What all parts of the stacks azure and aks are given. */
export interface Place {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
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
