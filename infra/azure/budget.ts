// Warns before a month costs more than it should. Azure stops nothing by itself.
import { ConsumptionBudgetResourceGroup } from '@cdktf/provider-azurerm/lib/consumption-budget-resource-group';
import type { MonitorActionGroup } from '@cdktf/provider-azurerm/lib/monitor-action-group';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { Place } from './place';

/** Notifies the operators and the owners of the subscription at 80 % of the budget, and when 100 % is forecast. */
export function addBudget(
  stack: Construct,
  { config, resourceGroup }: Place,
  group: MonitorActionGroup,
): void {
  const tell = { operator: 'GreaterThan', contactGroups: [group.id], contactRoles: ['Owner'] };
  new ConsumptionBudgetResourceGroup(new Construct(stack, 'budget'), 'budget', {
    name: azureName(config, 'budget'),
    resourceGroupId: resourceGroup.id,
    amount: config.azure.monthlyBudget,
    timeGrain: 'Monthly',
    // Azure requires the first day of the current month at creation, and refuses to change it afterwards.
    timePeriod: { startDate: `\${formatdate("YYYY-MM-01'T'00:00:00'Z'", timestamp())}` },
    notification: [
      { ...tell, threshold: 80, thresholdType: 'Actual' },
      { ...tell, threshold: 100, thresholdType: 'Forecasted' },
    ],
    lifecycle: { ignoreChanges: ['time_period'] },
  });
}
