// Looks at a workload in the cluster, and at what surrounds it when it is not up.
import { unreachable } from '../../db/core/unreachable';
import type { Cluster } from './cluster';
import { judgeJob } from './judge/job';
import { judgeStrimzi } from './judge/kafka';
import { judgeCluster, judgePooler } from './judge/operator';
import { judgeDeployment, judgeStatefulSet } from './judge/replicas';
import { judgeSharded } from './judge/sharded';
import type { Claim, KubernetesEvent, Pod, Surroundings, Workload } from './objects';
import { corePathOf, pathOf } from './paths';
import { read } from './read';
import type { RolloutTarget } from './request';
import { progressing, type Verdict } from './verdict';

/** @throws as `read` does. */
export async function look(cluster: Cluster, namespace: string, target: RolloutTarget): Promise<Verdict> {
  const path = `${pathOf(target.kind, namespace)}/${encodeURIComponent(target.name)}`;
  const object = await read<Workload>(cluster, path);
  if (object === undefined)
    return progressing('it does not exist', {
      key: 'missing',
      text: 'it does not exist in the cluster; deploy again, and it is made',
      patience: 0,
    });
  const first = await judge(cluster, namespace, { target, object, around: NOTHING });
  if (first.kind === 'complete') return first;
  return judge(cluster, namespace, { target, object, around: await surroundings(cluster, namespace) });
}

const NOTHING: Surroundings = { pods: [], replicaSets: [], claims: [], events: [] };

async function judge(
  cluster: Cluster,
  namespace: string,
  { target, object, around }: { target: RolloutTarget; object: Workload; around: Surroundings },
): Promise<Verdict> {
  switch (target.kind) {
    case 'StatefulSet':
      return judgeStatefulSet(object, around);
    case 'Deployment':
      return judgeDeployment(object, around);
    case 'Job':
      return judgeJob(object, around);
    case 'Cluster':
      return judgeCluster(object, around);
    case 'Pooler':
      return judgePooler(object, await list<Workload>(cluster, pathOf('Deployment', namespace)), around);
    case 'SGShardedCluster':
      return judgeSharded(object, around);
    case 'Kafka':
    case 'KafkaTopic':
    case 'KafkaUser':
      return judgeStrimzi(object, around);
    default:
      return unreachable(target.kind);
  }
}

/** The namespace belongs to this deployment, so it has few objects. */
async function surroundings(cluster: Cluster, namespace: string): Promise<Surroundings> {
  const core = corePathOf(namespace);
  const [pods, claims, events, replicaSets] = await Promise.all([
    list<Pod>(cluster, `${core}/pods`),
    list<Claim>(cluster, `${core}/persistentvolumeclaims`),
    list<KubernetesEvent>(cluster, `${core}/events`),
    list<Workload>(cluster, pathOf('Deployment', namespace).replace(/deployments$/, 'replicasets')),
  ]);
  return { pods, claims, events, replicaSets };
}

async function list<T>(cluster: Cluster, path: string): Promise<readonly T[]> {
  const found = await read<{ readonly items?: readonly T[] }>(cluster, path);
  return found?.items ?? [];
}
