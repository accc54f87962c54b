// How many instances of a node may be away at once while nodes of the cluster are drained: the operator makes no such budget.
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { Construct } from 'constructs';
import { metadata, type Place } from '../metadata';
import { nodeNames } from './names';

/** One for the coordinator and one for each shard: each of them must keep its rows. */
export function addBudgets(stack: Construct, place: Place): void {
  const scope = new Construct(stack, 'budgets');
  for (const name of nodeNames(place.config))
    new PodDisruptionBudgetV1(scope, name, {
      metadata: metadata(place, 'database', name),
      spec: {
        maxUnavailable: '1',
        selector: { matchLabels: { app: 'StackGresCluster', 'stackgres.io/cluster-name': name } },
      },
    });
}
