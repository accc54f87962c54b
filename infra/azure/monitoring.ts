// What the operators can look at: logs and metrics of the machine, and the audit logs of vault and storage.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { MonitorDataCollectionRule } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule';
import { MonitorDataCollectionRuleAssociation } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule-association';
import { MonitorDiagnosticSetting } from '@cdktf/provider-azurerm/lib/monitor-diagnostic-setting';
import { VirtualMachineExtension } from '@cdktf/provider-azurerm/lib/virtual-machine-extension';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { EventHubs } from './event-hubs';
import { addLogWorkspace } from './log-workspace';
import { type Place, placed } from './place';
import type { Vault } from './secrets';
import type { Storage } from './storage';

export interface MonitoringProps {
  readonly machine: LinuxVirtualMachine;
  readonly vault: Vault;
  readonly storage: Storage;
  readonly eventHubs: EventHubs | undefined;
}

/** @returns where logs and metrics are collected */
export function addMonitoring(
  stack: Construct,
  place: Place,
  { machine, vault, storage, eventHubs }: MonitoringProps,
): LogAnalyticsWorkspace {
  const scope = new Construct(stack, 'monitoring');
  const workspace = addLogWorkspace(scope, place, 'log');
  const rule = new MonitorDataCollectionRule(scope, 'rule', {
    ...placed(place, 'dcr'),
    kind: 'Linux',
    destinations: { logAnalytics: [{ name: 'workspace', workspaceResourceId: workspace.id }] },
    dataFlow: [{ streams: ['Microsoft-Perf', 'Microsoft-Syslog'], destinations: ['workspace'] }],
    dataSources: DATA_SOURCES,
  });
  const agent = new VirtualMachineExtension(scope, 'agent', {
    name: 'AzureMonitorLinuxAgent',
    virtualMachineId: machine.id,
    publisher: 'Microsoft.Azure.Monitor',
    type: 'AzureMonitorLinuxAgent',
    typeHandlerVersion: '1.33',
    autoUpgradeMinorVersion: true,
    automaticUpgradeEnabled: true,
  });
  new MonitorDataCollectionRuleAssociation(scope, 'rule-on-machine', {
    name: azureName(place.config, 'dcra'),
    targetResourceId: machine.id,
    dataCollectionRuleId: rule.id,
    dependsOn: [agent],
  });
  const audit = { name: 'audit', logAnalyticsWorkspaceId: workspace.id };
  new MonitorDiagnosticSetting(scope, 'vault-audit', {
    ...audit,
    targetResourceId: vault.vault.id,
    enabledLog: [{ categoryGroup: 'audit' }],
    enabledMetric: [{ category: 'AllMetrics' }],
  });
  new MonitorDiagnosticSetting(scope, 'blob-audit', {
    ...audit,
    targetResourceId: `${storage.account.id}/blobServices/default`,
    enabledLog: ['StorageRead', 'StorageWrite', 'StorageDelete'].map((category) => ({ category })),
  });
  if (eventHubs !== undefined)
    new MonitorDiagnosticSetting(scope, 'event-hubs-audit', {
      ...audit,
      targetResourceId: eventHubs.namespace.id,
      enabledLog: [
        ...EVENT_HUBS_LOGS,
        ...(place.config.azure.eventHubs === 'premium' ? ['RuntimeAuditLogs'] : []),
      ].map((category) => ({ category })),
      enabledMetric: [{ category: 'AllMetrics' }],
    });
  return workspace;
}

/** Changes of the namespace, and what its network rules or its Kafka endpoint refused. Only tier Premium logs each access. */
const EVENT_HUBS_LOGS = ['OperationalLogs', 'EventHubVNetConnectionEvent', 'KafkaUserErrorLogs'];

const FROM_WARNING = ['Warning', 'Error', 'Critical', 'Alert', 'Emergency'];

const DATA_SOURCES = {
  performanceCounter: [
    {
      name: 'figures',
      streams: ['Microsoft-Perf'],
      samplingFrequencyInSeconds: 60,
      counterSpecifiers: [
        'Logical Disk(*)\\% Used Space',
        'Memory(*)\\% Used Memory',
        'Processor(*)\\% Processor Time',
      ],
    },
  ],
  syslog: [
    // The output of the machine's units arrives with facility "daemon" and level "info", also when all is well.
    syslog('units', ['daemon'], ['Info', 'Notice', ...FROM_WARNING]),
    syslog('system', ['auth', 'authpriv', 'kern', 'user'], FROM_WARNING),
  ],
};

function syslog(name: string, facilityNames: string[], logLevels: string[]) {
  return { name, streams: ['Microsoft-Syslog'], facilityNames, logLevels };
}
