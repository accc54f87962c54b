// Where logs and figures are collected, in Azure's Log Analytics.
import { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import type { Construct } from 'constructs';
import { azureName } from '../core/names';
import { type PartProps, placeIn } from './place';

export interface LogWorkspaceProps extends PartProps {
  /** Prefix of its name; see `azureName`. */
  readonly kind: string;
}

export function addLogWorkspace(
  scope: Construct,
  { config, resourceGroup, kind }: LogWorkspaceProps,
): LogAnalyticsWorkspace {
  return new LogAnalyticsWorkspace(scope, 'workspace', {
    ...placeIn(resourceGroup),
    name: azureName(config, kind),
    sku: 'PerGB2018',
    retentionInDays: 30,
    localAuthenticationEnabled: false,
  });
}
