// What wakes somebody up: the machine is gone, the disk fills, or the machine itself reports trouble.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { MonitorActionGroup } from '@cdktf/provider-azurerm/lib/monitor-action-group';
import { MonitorActivityLogAlert } from '@cdktf/provider-azurerm/lib/monitor-activity-log-alert';
import { MonitorMetricAlert } from '@cdktf/provider-azurerm/lib/monitor-metric-alert';
import { MonitorScheduledQueryRulesAlertV2 } from '@cdktf/provider-azurerm/lib/monitor-scheduled-query-rules-alert-v2';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import { DATA_PATHS } from './machine/machine-layout';
import type { Monitoring } from './monitoring';
import { type PartProps, placeIn } from './place';

export interface AlertsProps extends PartProps {
  readonly machine: LinuxVirtualMachine;
  readonly monitoring: Monitoring;
}

/** Severity 0 is the worst. Alerts on the activity log have none. */
export class Alerts extends Construct {
  /** Who receives the alerts: nobody when `alertEmail` is empty. */
  readonly group: MonitorActionGroup;

  constructor(scope: Construct, id: string, props: AlertsProps) {
    super(scope, id);
    const { config, resourceGroup } = props;
    const { alertEmail } = config.azure;
    this.group = new MonitorActionGroup(this, 'group', {
      name: azureName(config, 'ag'),
      resourceGroupName: resourceGroup.name,
      // Azure allows twelve characters, as it is the sender of text messages.
      shortName: config.name.slice(0, 12),
      emailReceiver:
        alertEmail === ''
          ? []
          : [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }],
    });
    this.onLostMachine(props);
    this.onLog(props, {
      id: 'disk-fills',
      description: `${DATA_PATHS.dataDisk} is more than 80 % full: grow TSDB_DEPLOY_DISK_GIB`,
      severity: 1,
      query:
        "Perf | where ObjectName == 'Logical Disk' and CounterName == '% Used Space' and CounterValue > 80" +
        ` | where InstanceName in ('/', '${DATA_PATHS.dataDisk}')`,
    });
    // Each run of a unit prints one line; see machine/release.
    this.onLog(props, {
      id: 'machine-reports',
      description:
        'Health check, backup or its verification failed: journalctl -t tsdb-health -t tsdb-backup',
      severity: 1,
      query: "Syslog | where ProcessName startswith 'tsdb-' and SyslogMessage has 'result=failed'",
    });
    this.onLog(props, {
      id: 'no-backup',
      description: 'No backup for two days; also true of a machine that is younger than its first backup',
      severity: 1,
      ...WITHIN_TWO_DAYS,
      query:
        "Syslog | where ProcessName == 'tsdb-backup' and SyslogMessage has 'result=ok'" +
        " and SyslogMessage !has 'kind=verify'",
    });
  }

  private onLostMachine({ config, resourceGroup, machine }: AlertsProps): void {
    new MonitorMetricAlert(this, 'machine-down', {
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
      action: [{ actionGroupId: this.group.id }],
    });
    new MonitorActivityLogAlert(this, 'machine-health', {
      name: azureName(config, 'machine-health'),
      resourceGroupName: resourceGroup.name,
      location: 'global',
      description: 'Azure says that the machine is not healthy',
      scopes: [resourceGroup.id],
      criteria: {
        category: 'ResourceHealth',
        resourceId: machine.id,
        resourceHealth: { current: ['Unavailable', 'Degraded'], previous: ['Available'] },
      },
      action: [{ actionGroupId: this.group.id }],
    });
  }

  private onLog({ config, resourceGroup, monitoring }: AlertsProps, alert: LogAlert): void {
    new MonitorScheduledQueryRulesAlertV2(this, alert.id, {
      ...placeIn(resourceGroup),
      name: azureName(config, alert.id),
      description: alert.description,
      scopes: [monitoring.workspace.id],
      severity: alert.severity,
      evaluationFrequency: alert.evaluationFrequency ?? 'PT5M',
      windowDuration: alert.windowDuration ?? 'PT15M',
      autoMitigationEnabled: true,
      // The tables exist only after the first record, and Azure would refuse the query before that.
      skipQueryValidation: true,
      criteria: [
        {
          query: alert.query,
          timeAggregationMethod: 'Count',
          operator: alert.operator ?? 'GreaterThan',
          threshold: alert.threshold ?? 0,
          failingPeriods: { minimumFailingPeriodsToTriggerAlert: 1, numberOfEvaluationPeriods: 1 },
        },
      ],
      action: { actionGroups: [this.group.id] },
    });
  }
}

interface LogAlert {
  readonly id: string;
  readonly description: string;
  readonly severity: number;
  /** By default, a single row within a quarter of an hour raises the alert. */
  readonly query: string;
  readonly evaluationFrequency?: string;
  readonly windowDuration?: string;
  readonly operator?: 'GreaterThan' | 'LessThan';
  readonly threshold?: number;
}

/** Raises the alert when nothing was found within two days. */
const WITHIN_TWO_DAYS = {
  evaluationFrequency: 'PT1H',
  windowDuration: 'P2D',
  operator: 'LessThan',
  threshold: 1,
} as const;
