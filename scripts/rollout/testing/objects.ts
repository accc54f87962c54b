// For tests: objects of a namespace as the controllers of Kubernetes write them.
import type { Claim, ContainerStatus, KubernetesEvent, Pod, Surroundings, Workload } from '../objects';

type Status = NonNullable<Workload['status']>;

const UP: Status = {
  observedGeneration: 2,
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  currentRevision: 'b',
  updateRevision: 'b',
};

export const statefulSet = (status: Status = {}): Workload => ({
  metadata: { name: 'tsdb', uid: 'set', generation: 2 },
  spec: { replicas: 1 },
  status: { ...UP, ...status },
});

export const deployment = (status: Status = {}, replicas = 1): Workload => ({
  metadata: {
    name: 'tsdb-api',
    uid: 'deployment',
    generation: 2,
    annotations: { 'deployment.kubernetes.io/revision': '3' },
  },
  spec: { replicas },
  status: { ...UP, ...status },
});

export const replicaSet = (revision: string): Workload => ({
  metadata: {
    name: `tsdb-api-${revision}`,
    uid: `set-${revision}`,
    annotations: { 'deployment.kubernetes.io/revision': revision },
    ownerReferences: [{ uid: 'deployment', kind: 'Deployment', name: 'tsdb-api' }],
  },
});

export const job = (status: Status = {}): Workload => ({
  metadata: { name: 'tsdb-schema-1', uid: 'job', generation: 1 },
  status,
});

/** A pod of one container, or of several. */
export function pod(
  owner: string,
  statuses: ContainerStatus | readonly ContainerStatus[],
  more: Partial<Pod['status'] & object> & { readonly revision?: string; readonly name?: string } = {},
): Pod {
  const { revision = 'b', name = `${owner}-0`, ...status } = more;
  return {
    metadata: {
      name,
      uid: name,
      labels: { 'controller-revision-hash': revision },
      creationTimestamp: '2026-01-01T10:00:00Z',
      ownerReferences: [{ uid: owner, kind: 'any', name: owner }],
    },
    spec: { volumes: [{ persistentVolumeClaim: { claimName: 'tsdb-data' } }] },
    status: { phase: 'Pending', containerStatuses: [statuses].flat(), ...status },
  };
}

export const claim = (phase: string): Claim => ({
  metadata: { name: 'tsdb-data', uid: 'claim' },
  status: { phase },
});

export const warning = (
  uid: string,
  reason: string,
  message: string,
  time = '2026-01-01T10:01:00Z',
): KubernetesEvent => ({ involvedObject: { uid }, type: 'Warning', reason, message, lastTimestamp: time });

export const around = (some: Partial<Surroundings> = {}): Surroundings => ({
  pods: [],
  replicaSets: [],
  claims: [],
  events: [],
  ...some,
});

export const waiting = (reason: string, message?: string): ContainerStatus => ({
  name: 'main',
  ready: false,
  restartCount: 0,
  state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
});

export const running = (ready: boolean): ContainerStatus => ({
  name: 'main',
  ready,
  restartCount: 0,
  state: { running: {} },
});

export const crashing = (restartCount: number, message: string): ContainerStatus => ({
  name: 'main',
  ready: false,
  restartCount,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 1, reason: 'Error', message } },
});
