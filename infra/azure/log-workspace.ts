// Where logs and figures are collected, in Azure's Log Analytics.
import { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import type { Construct } from 'constructs';
import { type Place, placed } from './place';

/** @param kind prefix of its name; see `azureName` */
export function addLogWorkspace(scope: Construct, place: Place, kind: string): LogAnalyticsWorkspace {
  return new LogAnalyticsWorkspace(scope, 'workspace', {
    ...placed(place, kind),
    sku: 'PerGB2018',
    retentionInDays: 30,
    localAuthenticationEnabled: false,
  });
}
