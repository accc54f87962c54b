// What almost every Azure resource here asks for: where it belongs.
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import type { DeployConfig } from '../core/config';

/** The props that all parts of the azure stack share. */
export interface PartProps {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
}

/** Region and group, as references: so every resource comes after the group. */
export function placeIn(resourceGroup: ResourceGroup): {
  readonly location: string;
  readonly resourceGroupName: string;
} {
  return { location: resourceGroup.location, resourceGroupName: resourceGroup.name };
}
