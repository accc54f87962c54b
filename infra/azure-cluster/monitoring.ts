// The logs of the cluster, and what wakes somebody up.
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import type { MonitorActionGroup } from '@cdktf/provider-azurerm/lib/monitor-action-group';
import { MonitorDiagnosticSetting } from '@cdktf/provider-azurerm/lib/monitor-diagnostic-setting';
import { MonitorMetricAlert } from '@cdktf/provider-azurerm/lib/monitor-metric-alert';
import { Construct } from 'constructs';
import type { Place } from '../azure/place';
import { azureName } from '../core/names';
import type { Cluster } from './cluster';

export interface ClusterMonitoringProps {
  readonly cluster: Cluster;
  readonly workspace: LogAnalyticsWorkspace;
  readonly group: MonitorActionGroup;
}

export function addClusterMonitoring(
  stack: Construct,
  { config, resourceGroup }: Place,
  { cluster, workspace, group }: ClusterMonitoringProps,
): void {
  const scope = new Construct(stack, 'cluster-monitoring');
  new MonitorDiagnosticSetting(scope, 'logs', {
    name: 'audit',
    targetResourceId: cluster.server.id,
    logAnalyticsWorkspaceId: workspace.id,
    enabledLog: [{ category: 'PostgreSQLLogs' }],
    enabledMetric: [{ category: 'AllMetrics' }],
  });
  for (const [name, { description, metricName, threshold, severity, windowSize }] of Object.entries(ALERTS))
    new MonitorMetricAlert(scope, name, {
      name: azureName(config, name),
      resourceGroupName: resourceGroup.name,
      description,
      scopes: [cluster.server.id],
      severity,
      frequency: 'PT5M',
      windowSize,
      criteria: [
        {
          metricNamespace: 'Microsoft.DBforPostgreSQL/serverGroupsv2',
          metricName,
          aggregation: 'Average',
          operator: 'GreaterThan',
          threshold,
          // Each node by itself: one that is full stops all writes to its shards.
          dimension: [{ name: 'ServerName', operator: 'Include', values: ['*'] }],
        },
      ],
      action: [{ actionGroupId: group.id }],
    });
}

const ALERTS = {
  'cluster-fills': {
    description:
      'A node uses more than 80 % of its storage: raise TSDB_DEPLOY_AZURE_CLUSTER_WORKER_GIB or …_COORDINATOR_GIB, or add workers',
    metricName: 'storage_percent',
    threshold: 80,
    severity: 1,
    windowSize: 'PT15M',
  },
  'cluster-busy': {
    description:
      'A node uses more than 90 % of its processors for half an hour: add cores or workers, and rebalance the shards',
    metricName: 'cpu_percent',
    threshold: 90,
    severity: 2,
    windowSize: 'PT30M',
  },
};
