// What the operators can look at: logs and metrics of the machine, and the audit logs of vault and storage.
import type { KeyVault } from '@cdktf/provider-azurerm/lib/key-vault';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { MonitorDataCollectionRule } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule';
import { MonitorDataCollectionRuleAssociation } from '@cdktf/provider-azurerm/lib/monitor-data-collection-rule-association';
import { MonitorDiagnosticSetting } from '@cdktf/provider-azurerm/lib/monitor-diagnostic-setting';
import type { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { VirtualMachineExtension } from '@cdktf/provider-azurerm/lib/virtual-machine-extension';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import { addLogWorkspace } from './log-workspace';
import { type PartProps, placeIn } from './place';

export interface MonitoringProps extends PartProps {
  readonly machine: LinuxVirtualMachine;
  readonly vault: KeyVault;
  readonly account: StorageAccount;
}

export class Monitoring extends Construct {
  readonly workspace: LogAnalyticsWorkspace;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { vault, account } = props;
    this.workspace = addLogWorkspace(this, { ...props, kind: 'log' });
    this.collectFromMachine(props);
    const audit = { logAnalyticsWorkspaceId: this.workspace.id };
    new MonitorDiagnosticSetting(this, 'vault-audit', {
      ...audit,
      name: 'audit',
      targetResourceId: vault.id,
      enabledLog: [{ categoryGroup: 'audit' }],
      enabledMetric: [{ category: 'AllMetrics' }],
    });
    new MonitorDiagnosticSetting(this, 'blob-audit', {
      ...audit,
      name: 'audit',
      targetResourceId: `${account.id}/blobServices/default`,
      enabledLog: ['StorageRead', 'StorageWrite', 'StorageDelete'].map((category) => ({ category })),
    });
  }

  private collectFromMachine({ config, resourceGroup, machine }: MonitoringProps): void {
    const rule = new MonitorDataCollectionRule(this, 'rule', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'dcr'),
      kind: 'Linux',
      destinations: { logAnalytics: [{ name: 'workspace', workspaceResourceId: this.workspace.id }] },
      dataFlow: [{ streams: ['Microsoft-Perf', 'Microsoft-Syslog'], destinations: ['workspace'] }],
      dataSources: {
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
      },
    });
    const agent = new VirtualMachineExtension(this, 'agent', {
      name: 'AzureMonitorLinuxAgent',
      virtualMachineId: machine.id,
      publisher: 'Microsoft.Azure.Monitor',
      type: 'AzureMonitorLinuxAgent',
      typeHandlerVersion: '1.33',
      autoUpgradeMinorVersion: true,
      automaticUpgradeEnabled: true,
    });
    new MonitorDataCollectionRuleAssociation(this, 'rule-on-machine', {
      name: azureName(config, 'dcra'),
      targetResourceId: machine.id,
      dataCollectionRuleId: rule.id,
      dependsOn: [agent],
    });
  }
}

const FROM_WARNING = ['Warning', 'Error', 'Critical', 'Alert', 'Emergency'];

function syslog(name: string, facilityNames: string[], logLevels: string[]) {
  return { name, streams: ['Microsoft-Syslog'], facilityNames, logLevels };
}
