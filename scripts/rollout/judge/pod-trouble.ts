// Why a pod is not ready (pure): the scheduler, its volumes, its images, or its own programs.
import {
  type Claim,
  type ContainerStatus,
  conditionOf,
  type KubernetesEvent,
  type Pod,
  type Surroundings,
  type Terminated,
  warningAbout,
} from '../objects';
import type { LogPlace, Trouble } from '../verdict';

/** In seconds. A node or a volume can still appear: autoscalers and storage drivers take minutes. */
const PLACE = 600;
const VOLUME = 300;
/** A registry or its login may fail for a moment. */
const IMAGE = 120;
const CONFIGURATION = 60;
const CRASH = 90;

/** After so many starts, a program that ends at once is not waiting for another one. */
const RESTARTS = 3;

const IMAGE_REASONS: Readonly<Record<string, number>> = {
  ErrImagePull: IMAGE,
  ImagePullBackOff: IMAGE,
  RegistryUnavailable: IMAGE,
  ImageInspectError: IMAGE,
  InvalidImageName: 0,
  ErrImageNeverPull: 0,
};

const CONFIGURATION_REASONS = [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreStartHookError',
  'PostStartHookError',
];

/** @returns nothing when the pod is ready, or merely starting. */
export function podTrouble(pod: Pod, surroundings: Surroundings): Trouble | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  return (
    withoutPlace(pod, surroundings) ??
    statusesOf(pod)
      .map((status) => containerTrouble(pod, status))
      .find((trouble) => trouble !== undefined) ??
    evicted(pod) ??
    notMounted(pod, surroundings.events) ??
    notReady(pod, surroundings.events)
  );
}

const statusesOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

function withoutPlace(pod: Pod, { claims, events }: Surroundings): Trouble | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const waiting = pendingClaims(pod, claims).flatMap((claim) => {
    const warning = warningAbout(events, claim);
    return warning === undefined ? [] : [`claim ${claim.metadata.name}: ${oneLine(warning.message)}`];
  });
  const { name } = pod.metadata;
  return {
    key: `${name} place`,
    text: [`pod ${name} has no node (${scheduled.reason}): ${oneLine(scheduled.message)}`, ...waiting].join(
      '; ',
    ),
    patience: waiting.length > 0 ? VOLUME : PLACE,
  };
}

function pendingClaims({ spec }: Pod, claims: readonly Claim[]): readonly Claim[] {
  const names = (spec?.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return claims.filter(({ metadata, status }) => names.includes(metadata.name) && status?.phase !== 'Bound');
}

function containerTrouble(pod: Pod, status: ContainerStatus): Trouble | undefined {
  const { name, restartCount = 0, state, lastState } = status;
  const place = `pod ${pod.metadata.name}, container ${name}`;
  const key = (what: string) => `${pod.metadata.name}/${name} ${what}`;
  const { reason = '', message } = state?.waiting ?? {};
  const said = message ? `: ${oneLine(message)}` : '';
  const imagePatience = IMAGE_REASONS[reason];
  if (imagePatience !== undefined)
    return { key: key('image'), text: `${place}: ${reason}${said}`, patience: imagePatience };
  if (CONFIGURATION_REASONS.includes(reason))
    return { key: key(reason), text: `${place}: ${reason}${said}`, patience: CONFIGURATION };
  if (reason !== 'CrashLoopBackOff') return undefined;
  return {
    key: key(reason),
    text: `${place}: CrashLoopBackOff, started ${restartCount + 1} times; ${ended(lastState?.terminated)}`,
    patience: restartCount >= RESTARTS ? 0 : CRASH,
    log: { pod: pod.metadata.name, container: name, previous: true },
    words: lastState?.terminated?.message,
  };
}

export function ended(terminated: Terminated | undefined): string {
  if (terminated === undefined) return 'how it ended is not known';
  const { exitCode, reason } = terminated;
  const why = reason === undefined || reason === 'Error' ? '' : ` (${reason})`;
  return `it ended with exit code ${exitCode}${why}`;
}

/** The container of a pod that ended badly, and where its log is. */
export function failedContainer(
  pod: Pod,
): { readonly terminated: Terminated; readonly place: LogPlace } | undefined {
  for (const { name, state } of statusesOf(pod)) {
    const terminated = state?.terminated;
    if (terminated !== undefined && terminated.exitCode !== 0)
      return { terminated, place: { pod: pod.metadata.name, container: name, previous: false } };
  }
  return undefined;
}

function evicted({ metadata, status }: Pod): Trouble | undefined {
  if (status?.phase !== 'Failed' || status.reason === undefined) return undefined;
  const text = `pod ${metadata.name}: ${status.reason}: ${oneLine(status.message)}`;
  return { key: `${metadata.name} ${status.reason}`, text, patience: CONFIGURATION };
}

function notMounted(pod: Pod, events: readonly KubernetesEvent[]): Trouble | undefined {
  const isCreating = statusesOf(pod).some(({ state }) =>
    ['ContainerCreating', 'PodInitializing'].includes(state?.waiting?.reason ?? ''),
  );
  if (!isCreating) return undefined;
  const warning = warningAbout(
    events,
    pod,
    'FailedMount',
    'FailedAttachVolume',
    'FailedMapVolume',
    'FailedCreatePodSandBox',
  );
  if (warning === undefined) return undefined;
  const text = `pod ${pod.metadata.name}: ${warning.reason}: ${oneLine(warning.message)}`;
  return { key: `${pod.metadata.name} ${warning.reason}`, text, patience: PLACE };
}

// A database that replays its log is not ready for long and in good health, so only the time limit ends the wait.
function notReady(pod: Pod, events: readonly KubernetesEvent[]): Trouble | undefined {
  const running = statusesOf(pod).find(({ ready, state }) => state?.running !== undefined && ready === false);
  const warning = running && warningAbout(events, pod, 'Unhealthy');
  if (warning === undefined) return undefined;
  return {
    key: `${pod.metadata.name} Unhealthy`,
    text: `pod ${pod.metadata.name}: ${oneLine(warning.message)}`,
    patience: Number.POSITIVE_INFINITY,
    log: { pod: pod.metadata.name, container: running?.name ?? '', previous: false },
  };
}

const oneLine = (text: string | undefined): string => (text ?? '').trim().replace(/\s*\n\s*/g, ' ');
