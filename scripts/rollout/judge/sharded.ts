// Judges a sharded database of the operator StackGres (pure) by its pods: the operator's condition Bootstrapped stays for ever
// once it is set, and no field says which version of the declaration the operator has finished with.
import { conditionOf, type Pod, type Surroundings, type Workload, warningAbout } from '../objects';
import { complete, progressing, type Trouble, type Verdict } from '../verdict';
import { podTrouble } from './pod-trouble';

/** Labels that the stack has the operator give its pods: see k8s/sharded/. */
const NODE = 'timescaledb-as-code/database-node';
const DEPLOYMENT = 'app.kubernetes.io/part-of';

/** In seconds. The operator tries again by itself. */
const REFUSED = 300;

export function judgeSharded(cluster: Workload, around: Surroundings): Verdict {
  const { coordinator, shards } = cluster.spec ?? {};
  const pods = around.pods.filter(
    ({ metadata: { labels = {} } }) =>
      labels[NODE] !== undefined && labels[DEPLOYMENT] === cluster.metadata.name,
  );
  const ready = (kind: string): number =>
    pods.filter((pod) => pod.metadata.labels?.[NODE] === kind && isReady(pod)).length;
  const counts = [
    { of: 'the coordinator', is: ready('coordinator'), wanted: coordinator?.instances ?? 1 },
    {
      of: 'shards',
      is: ready('shard'),
      wanted: (shards?.clusters ?? 1) * (shards?.instancesPerCluster ?? 1),
    },
  ];
  const text = counts.map(({ of, is, wanted }) => `${is} of ${wanted} instances of ${of} ready`).join(', ');
  const isPending = conditionOf(cluster, 'PendingRestart')?.status === 'True';
  if (!isPending && counts.every(({ is, wanted }) => is >= wanted)) return complete(text);
  const [trouble] = pods.flatMap((pod) => podTrouble(pod, around) ?? []);
  return progressing(
    isPending ? `${text}; some still run with earlier settings` : text,
    trouble ?? refused(cluster) ?? warned(cluster, around),
  );
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  conditionOf({ status: status ?? {} }, 'Ready')?.status === 'True';

function refused(cluster: Workload): Trouble | undefined {
  const condition = conditionOf(cluster, 'Failed');
  if (condition?.status !== 'True') return undefined;
  const { reason = 'Failed', message = '' } = condition;
  return { key: `refused ${reason}`, text: `${reason}: ${message}`, patience: REFUSED };
}

function warned(cluster: Workload, { events }: Surroundings): Trouble | undefined {
  const warning = warningAbout(events, cluster);
  if (warning === undefined) return undefined;
  const { reason = 'Warning', message = '' } = warning;
  return { key: `warned ${reason}`, text: `${reason}: ${message}`, patience: Number.POSITIVE_INFINITY };
}
