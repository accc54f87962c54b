// What is collected from the cluster: logs and metrics of its containers, and the audit log of its API server.
import type { KubernetesCluster } from '@cdktf/provider-azurerm/lib/kubernetes-cluster';
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { MonitorDataCollectionRule } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule';
import { MonitorDataCollectionRuleAssociation } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule-association';
import { MonitorDiagnosticSetting } from '@cdktf/provider-azurerm/lib/monitor-diagnostic-setting';
import { Construct } from 'constructs';
import { type Place, placed } from '../azure/place';

export interface MonitoringProps {
  readonly workspace: LogAnalyticsWorkspace;
  readonly cluster: KubernetesCluster;
}

/** The agent collects nothing by itself: a rule, whose name Azure prescribes, says what to send where. */
export function addMonitoring(stack: Construct, place: Place, { workspace, cluster }: MonitoringProps): void {
  const scope = new Construct(stack, 'monitoring');
  const rule = new MonitorDataCollectionRule(scope, 'rule', {
    ...placed(place, 'dcr-aks'),
    kind: 'Linux',
    destinations: { logAnalytics: [{ name: 'workspace', workspaceResourceId: workspace.id }] },
    dataFlow: [{ streams: [CONTAINERS], destinations: ['workspace'] }],
    dataSources: {
      extension: [
        {
          name: 'ContainerInsightsExtension',
          extensionName: 'ContainerInsights',
          streams: [CONTAINERS],
          extensionJson: JSON.stringify({
            dataCollectionSettings: {
              interval: '1m',
              namespaceFilteringMode: 'Off',
              enableContainerLogV2: true,
            },
          }),
        },
      ],
    },
  });
  new MonitorDataCollectionRuleAssociation(scope, 'rule-on-cluster', {
    name: 'ContainerInsightsExtension',
    targetResourceId: cluster.id,
    dataCollectionRuleId: rule.id,
  });
  new MonitorDiagnosticSetting(scope, 'audit', {
    name: 'audit',
    targetResourceId: cluster.id,
    logAnalyticsWorkspaceId: workspace.id,
    logAnalyticsDestinationType: 'Dedicated',
    // Reads are left out: they would be most of the volume and of the bill.
    enabledLog: ['kube-audit-admin', 'guard'].map((category) => ({ category })),
  });
}

const CONTAINERS = 'Microsoft-ContainerInsights-Group-Default';
