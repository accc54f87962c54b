// Judges what the operator of the replicating database makes (pure): the cluster, and the pooler in front of it.
import { conditionOf, ownedBy, type Surroundings, type Workload } from '../objects';
import { complete, progressing, type Verdict } from '../verdict';
import { podTrouble } from './pod-trouble';
import { judgeDeployment } from './replicas';

/** Label of all pods of a cluster, also of those that make or restore it. */
const CLUSTER = 'cnpg.io/cluster';

export function judgeCluster(cluster: Workload, around: Surroundings): Verdict {
  const { spec, status = {} } = cluster;
  const { phase, phaseReason, readyInstances = 0 } = status;
  const instances = spec?.instances ?? 1;
  const ready = `${readyInstances} of ${instances} instances ready`;
  if (conditionOf(cluster, 'Ready')?.status === 'True' && readyInstances >= instances) return complete(ready);
  const pods = around.pods.filter(
    ({ metadata, status: pod }) =>
      metadata.labels?.[CLUSTER] === cluster.metadata.name && pod?.phase !== 'Succeeded',
  );
  const [trouble] = pods.flatMap((pod) => podTrouble(pod, around) ?? []);
  const told = [phase, phaseReason].filter(Boolean).join(': ');
  return progressing(told === '' ? ready : `${ready}; ${told}`, trouble);
}

/** @param deployments those of the namespace: the operator makes one for the pooler */
export function judgePooler(
  pooler: Workload,
  deployments: readonly Workload[],
  around: Surroundings,
): Verdict {
  const [deployment] = ownedBy(deployments, pooler);
  return deployment === undefined
    ? progressing('the operator has not made its Deployment yet')
    : judgeDeployment(deployment, around);
}
