// Where a resource belongs, which almost every Azure resource has to say.
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import type { DeployConfig } from '../core/config';

/** The props that all parts of the stacks azure and aks share. */
export interface PartProps {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
}

/** Region and resource group. They are references, so every resource is created after the group. */
export function placeIn(resourceGroup: ResourceGroup): {
  readonly location: string;
  readonly resourceGroupName: string;
} {
  return { location: resourceGroup.location, resourceGroupName: resourceGroup.name };
}
