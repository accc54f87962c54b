// What wakes somebody up: the machine is gone, the disk fills, or the machine itself reports trouble.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { MonitorActionGroup } from '@cdktf/provider-azurerm/lib/monitor-action-group';
import { MonitorActivityLogAlert } from '@cdktf/provider-azurerm/lib/monitor-activity-log-alert';
import { MonitorMetricAlert } from '@cdktf/provider-azurerm/lib/monitor-metric-alert';
import { MonitorScheduledQueryRulesAlertV2 } from '@cdktf/provider-azurerm/lib/monitor-scheduled-query-rules-alert-v2';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { EventHubs } from './event-hubs';
import { DATA_PATHS } from './machine/machine-layout';
import { type Place, placed } from './place';

export interface AlertsProps {
  readonly machine: LinuxVirtualMachine;
  readonly workspace: LogAnalyticsWorkspace;
  readonly eventHubs: EventHubs | undefined;
  /** Log alerts that have no meaning in a stack. */
  readonly without?: readonly (keyof typeof LOG_ALERTS)[];
}

/**
 * Severity 0 is the worst. Alerts on the activity log have none.
 * @returns who receives the alerts: nobody when `alertEmail` is empty
 */
export function addAlerts(
  stack: Construct,
  place: Place,
  { machine, workspace, eventHubs, without = [] }: AlertsProps,
): MonitorActionGroup {
  const scope = new Construct(stack, 'alerts');
  const { config, resourceGroup } = place;
  const { alertEmail } = config.azure;
  const group = new MonitorActionGroup(scope, 'group', {
    name: azureName(config, 'ag'),
    resourceGroupName: resourceGroup.name,
    // Azure allows twelve characters, as it is the sender of text messages.
    shortName: config.name.slice(0, 12),
    emailReceiver:
      alertEmail === '' ? [] : [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }],
  });
  new MonitorMetricAlert(scope, 'machine-down', {
    name: azureName(config, 'machine-down'),
    resourceGroupName: resourceGroup.name,
    description: 'The machine does not run',
    scopes: [machine.id],
    severity: 0,
    frequency: 'PT1M',
    windowSize: 'PT5M',
    criteria: [
      {
        metricNamespace: 'Microsoft.Compute/virtualMachines',
        metricName: 'VmAvailabilityMetric',
        aggregation: 'Average',
        operator: 'LessThan',
        threshold: 1,
      },
    ],
    action: [{ actionGroupId: group.id }],
  });
  new MonitorActivityLogAlert(scope, 'machine-health', {
    ...placed(place, 'machine-health'),
    location: 'global',
    description: 'Azure says that the machine is not healthy',
    scopes: [resourceGroup.id],
    criteria: {
      category: 'ResourceHealth',
      resourceId: machine.id,
      resourceHealth: { current: ['Unavailable', 'Degraded'], previous: ['Available'] },
    },
    action: [{ actionGroupId: group.id }],
  });
  if (eventHubs !== undefined)
    new MonitorMetricAlert(scope, 'event-hubs-busy', {
      name: azureName(config, 'event-hubs-busy'),
      resourceGroupName: resourceGroup.name,
      description: 'Event Hubs delay requests: raise TSDB_DEPLOY_EVENT_HUBS_UNITS',
      scopes: [eventHubs.namespace.id],
      severity: 2,
      frequency: 'PT5M',
      windowSize: 'PT15M',
      criteria: [
        {
          metricNamespace: 'Microsoft.EventHub/namespaces',
          metricName: 'ThrottledRequests',
          aggregation: 'Total',
          operator: 'GreaterThan',
          threshold: 0,
        },
      ],
      action: [{ actionGroupId: group.id }],
    });
  const names = Object.keys(LOG_ALERTS) as (keyof typeof LOG_ALERTS)[];
  for (const id of names.filter((name) => !without.includes(name))) {
    const { description, query, when } = LOG_ALERTS[id];
    new MonitorScheduledQueryRulesAlertV2(scope, id, {
      ...placed(place, id),
      description,
      scopes: [workspace.id],
      severity: 1,
      evaluationFrequency: when.every,
      windowDuration: when.within,
      autoMitigationEnabled: true,
      // The tables exist only after the first record, and Azure would refuse the query before that.
      skipQueryValidation: true,
      criteria: [
        {
          query,
          timeAggregationMethod: 'Count',
          ...when.count,
          failingPeriods: { minimumFailingPeriodsToTriggerAlert: 1, numberOfEvaluationPeriods: 1 },
        },
      ],
      action: { actionGroups: [group.id] },
    });
  }
  return group;
}

const FOUND = { every: 'PT5M', within: 'PT15M', count: { operator: 'GreaterThan', threshold: 0 } };
const MISSED = { every: 'PT1H', within: 'P2D', count: { operator: 'LessThan', threshold: 1 } };

/** Each looks for rows in the log, and is raised when it has found one, or missed one for two days. */
const LOG_ALERTS = {
  'disk-fills': {
    description: `${DATA_PATHS.dataDisk} is more than 80 % full: grow TSDB_DEPLOY_DISK_GIB`,
    when: FOUND,
    query:
      "Perf | where ObjectName == 'Logical Disk' and CounterName == '% Used Space' and CounterValue > 80" +
      ` | where InstanceName in ('/', '${DATA_PATHS.dataDisk}')`,
  },
  // Each run of a unit prints one line; see machine/release.
  'machine-reports': {
    description: 'Health check, backup or its verification failed: journalctl -t tsdb-health -t tsdb-backup',
    when: FOUND,
    query: "Syslog | where ProcessName startswith 'tsdb-' and SyslogMessage has 'result=failed'",
  },
  // The vault itself tells nobody: its own events would need a subscription of Event Grid.
  'passwords-expire': {
    description:
      'A secret of the machine expires in less than 30 days: raise TSDB_DEPLOY_PASSWORD_VERSION and deploy; the secret of a broker is replaced in the vault',
    when: { ...FOUND, every: 'PT1H', within: 'PT1H' },
    query:
      "Syslog | where ProcessName == 'tsdb-health'" +
      " | extend days = toint(extract('passwords_expire_days=(-?[0-9]+)', 1, SyslogMessage)) | where days < 30",
  },
  'no-backup': {
    description: 'No backup for two days; also true of a machine that is younger than its first backup',
    when: MISSED,
    query:
      "Syslog | where ProcessName == 'tsdb-backup' and SyslogMessage has 'result=ok'" +
      " and SyslogMessage !has 'kind=verify'",
  },
};
