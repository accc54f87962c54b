// Judges a StatefulSet or Deployment (pure), as `kubectl rollout status` does: the controller has seen the newest version, and
// all pods are of that version and available.
import {
  conditionOf,
  ownedBy,
  type Pod,
  type Surroundings,
  timeOf,
  type Workload,
  warningAbout,
} from '../objects';
import { complete, progressing, type Trouble, type Verdict } from '../verdict';
import { podTrouble } from './pod-trouble';

/** In seconds. A quota is computed anew, or an admission webhook starts. */
const REFUSED = 60;
/** In seconds. A newer version is there, so nobody waits for this one. */
const REPLACED = 5;
/** In seconds. The controller counts again as soon as one more pod is ready. */
const STALLED = 60;

export function judgeStatefulSet(set: Workload, around: Surroundings): Verdict {
  const { wanted, status, seen } = figures(set);
  const { updateRevision, currentRevision } = status;
  const isUpdated = (status.updatedReplicas ?? 0) >= wanted && currentRevision === updateRevision;
  if (seen && isUpdated && (status.availableReplicas ?? 0) >= wanted && status.replicas === wanted)
    return complete(`${wanted} of ${wanted} ready`);
  if (!seen) return progressing('its controller has not seen the new version yet');
  const pods = ownedBy(around.pods, set);
  const old = (pod: Pod): boolean => pod.metadata.labels?.['controller-revision-hash'] !== updateRevision;
  const trouble = firstTrouble(pods, around) ?? refused(set, pods.length < wanted, around);
  const troubled = pods.find((pod) => old(pod) && podTrouble(pod, around) !== undefined);
  const text = pods.some(old)
    ? 'a pod of the previous version is still there'
    : `${status.availableReplicas ?? 0} of ${wanted} ready`;
  if (trouble === undefined || troubled === undefined) return progressing(text, trouble);
  if (isStarting(troubled)) return progressing(text, { ...trouble, patience: Number.POSITIVE_INFINITY });
  const patience = Number.isFinite(trouble.patience)
    ? Math.min(trouble.patience, REPLACED)
    : trouble.patience;
  const { name, uid, resourceVersion } = troubled.metadata;
  return progressing(text, { ...trouble, stuckPod: { name, uid, resourceVersion }, patience });
}

const MAIN = 'kubectl.kubernetes.io/default-container';

/**
 * Its server runs and is not ready: it replays its log. Whatever else troubles the pod, its removal would begin that again.
 * Once the server is ready, Kubernetes may stop it as in every rollout.
 */
function isStarting({ metadata, spec, status }: Pod): boolean {
  const main = metadata.annotations?.[MAIN] ?? spec?.containers?.[0]?.name;
  const server = (status?.containerStatuses ?? []).find(({ name }) => name === main);
  return server?.state?.running !== undefined && server.ready !== true;
}

export function judgeDeployment(deployment: Workload, around: Surroundings): Verdict {
  const { wanted, status, seen } = figures(deployment);
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  if (
    seen &&
    updatedReplicas >= wanted &&
    replicas === updatedReplicas &&
    availableReplicas >= updatedReplicas
  )
    return complete(`${availableReplicas} of ${wanted} ready`);
  if (!seen) return progressing('its controller has not seen the new version yet');
  const current = currentReplicaSet(deployment, around);
  const pods = current === undefined ? [] : ownedBy(around.pods, current);
  const failure = conditionOf(deployment, 'ReplicaFailure');
  const trouble =
    firstTrouble(pods, around) ??
    (failure?.status === 'True'
      ? { key: 'refused', text: `${failure.reason}: ${failure.message}`, patience: REFUSED }
      : undefined);
  const text =
    updatedReplicas < wanted || replicas === updatedReplicas
      ? `${Math.min(availableReplicas, updatedReplicas)} of ${wanted} ready in the new version`
      : 'pods of the previous version are ending';
  return progressing(text, stalled(deployment, trouble));
}

function figures({ metadata, spec, status = {} }: Workload) {
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  return { wanted: spec?.replicas ?? 1, status, seen };
}

const firstTrouble = (pods: readonly Pod[], around: Surroundings): Trouble | undefined =>
  pods
    .map((pod) => podTrouble(pod, around))
    .filter((trouble) => trouble !== undefined)
    .sort((a, b) => a.patience - b.patience)[0];

/** The event is about now when nothing was made since. */
function refused(owner: Workload, lacksPods: boolean, { events, pods }: Surroundings): Trouble | undefined {
  const warning = warningAbout(events, owner, 'FailedCreate');
  if (warning === undefined || !lacksPods) return undefined;
  const made = ownedBy(pods, owner).map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''));
  if (made.some((time) => time > timeOf(warning))) return undefined;
  return { key: 'refused', text: `FailedCreate: ${warning.message}`, patience: REFUSED };
}

// Pods of earlier versions tell nothing about this one.
function currentReplicaSet(deployment: Workload, { replicaSets }: Surroundings): Workload | undefined {
  const revision = (one: Workload): string | undefined =>
    one.metadata.annotations?.['deployment.kubernetes.io/revision'];
  return ownedBy(replicaSets, deployment).find((set) => revision(set) === revision(deployment));
}

/** The pods' own reason says more, but the controller knows when nothing moves any more. */
function stalled(deployment: Workload, trouble: Trouble | undefined): Trouble | undefined {
  const { reason, message } = conditionOf(deployment, 'Progressing') ?? {};
  if (reason !== 'ProgressDeadlineExceeded') return trouble;
  if (trouble === undefined) return { key: 'stalled', text: `${reason}: ${message}`, patience: STALLED };
  return { ...trouble, patience: Math.min(trouble.patience, STALLED) };
}
