// The parts of Kubernetes objects that the check of a rollout reads. All of them may be missing in an answer.

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly uid: string;
    readonly kind: string;
    readonly name: string;
  }[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A StatefulSet, Deployment, ReplicaSet, Job, or one of the operator's objects. */
export interface Workload {
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly spec?: {
    readonly replicas?: number;
    readonly instances?: number;
    readonly coordinator?: { readonly instances?: number };
    readonly shards?: { readonly clusters?: number; readonly instancesPerCluster?: number };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly succeeded?: number;
    readonly conditions?: readonly Condition[];
    readonly phase?: string;
    readonly phaseReason?: string;
    readonly readyInstances?: number;
  };
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly finishedAt?: string;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: Terminated;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface Pod {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface Claim {
  readonly metadata: Metadata;
  readonly status?: { readonly phase?: string };
}

export interface KubernetesEvent {
  readonly metadata?: { readonly creationTimestamp?: string };
  readonly involvedObject: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

/** All of a namespace that can explain why a workload is not up. */
export interface Surroundings {
  readonly pods: readonly Pod[];
  readonly replicaSets: readonly Workload[];
  readonly claims: readonly Claim[];
  readonly events: readonly KubernetesEvent[];
}

/** Those that an object made. */
export const ownedBy = <T extends { readonly metadata: Metadata }>(
  all: readonly T[],
  owner: { readonly metadata: Metadata },
): readonly T[] =>
  all.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid));

export const conditionOf = (
  { status }: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined => status?.conditions?.find((condition) => condition.type === type);

/** In milliseconds since 1970; 0 when the event does not say when it happened. */
export function timeOf({ series, lastTimestamp, eventTime, metadata }: KubernetesEvent): number {
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata?.creationTimestamp;
  return time ? Date.parse(time) : 0;
}

/** The newest warning about an object, of these reasons when any are given. */
export function warningAbout(
  events: readonly KubernetesEvent[],
  { metadata: { uid } }: { readonly metadata: Metadata },
  ...reasons: readonly string[]
): KubernetesEvent | undefined {
  return events
    .filter(({ involvedObject, type }) => type === 'Warning' && involvedObject.uid === uid)
    .filter(({ reason = '' }) => reasons.length === 0 || reasons.includes(reason))
    .sort((a, b) => timeOf(b) - timeOf(a))[0];
}
