// Warns before a month costs more than it should. Azure stops nothing by itself.
import { ConsumptionBudgetResourceGroup } from '@cdktf/provider-azurerm/lib/consumption-budget-resource-group';
import type { MonitorActionGroup } from '@cdktf/provider-azurerm/lib/monitor-action-group';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { PartProps } from './place';

export interface BudgetProps extends PartProps {
  readonly group: MonitorActionGroup;
}

/** Notifies the operators and the owners of the subscription at 80 % of the budget, and when 100 % is forecast. */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, { config, resourceGroup, group }: BudgetProps) {
    super(scope, id);
    const tell = { operator: 'GreaterThan', contactGroups: [group.id], contactRoles: ['Owner'] };
    new ConsumptionBudgetResourceGroup(this, 'budget', {
      name: azureName(config, 'budget'),
      resourceGroupId: resourceGroup.id,
      amount: config.azure.monthlyBudget,
      timeGrain: 'Monthly',
      // Azure requires the first day of the current month at creation, and refuses to change it afterwards.
      timePeriod: { startDate: `\${formatdate("YYYY-MM-01'T'00:00:00'Z'", plantimestamp())}` },
      notification: [
        { ...tell, threshold: 80, thresholdType: 'Actual' },
        { ...tell, threshold: 100, thresholdType: 'Forecasted' },
      ],
      lifecycle: { ignoreChanges: ['time_period'] },
    });
  }
}
