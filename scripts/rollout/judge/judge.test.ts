import type { ContainerStatus, Surroundings, Workload } from '../objects';
import {
  around,
  claim,
  crashing,
  deployment,
  job,
  pod,
  replicaSet,
  running,
  statefulSet,
  waiting,
  warning,
} from '../testing/objects';
import type { Verdict } from '../verdict';
import { judgeJob } from './job';
import { judgeCluster, judgePooler } from './operator';
import { judgeDeployment, judgeStatefulSet } from './replicas';

const DOWN = { availableReplicas: 0, readyReplicas: 0 };

describe('a StatefulSet', () => {
  it.each<[what: string, set: Workload, kind: Verdict['kind'], text: RegExp]>([
    ['all pods of the newest version available', statefulSet(), 'complete', /1 of 1 ready/],
    [
      'a version that its controller has not seen',
      statefulSet({ observedGeneration: 1 }),
      'progressing',
      /seen/,
    ],
    ['a pod that is not available', statefulSet(DOWN), 'progressing', /0 of 1 ready/],
    ['a pod of the previous version', statefulSet({ updatedReplicas: 0 }), 'progressing', /of 1 ready/],
    ['another current revision', statefulSet({ currentRevision: 'a' }), 'progressing', /of 1 ready/],
    ['no pods yet', statefulSet({ ...DOWN, replicas: 0, updatedReplicas: 0 }), 'progressing', /0 of 1/],
    ['no status yet', { ...statefulSet(), status: {} }, 'progressing', /seen/],
  ])('with %s', (_what, set, kind, text) => {
    expect(judgeStatefulSet(set, around())).toMatchObject({ kind, text: expect.stringMatching(text) });
  });

  const scheduled = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: '0/3 nodes are available:\n 3 Insufficient memory.',
  };
  it.each<[what: string, surroundings: Partial<Surroundings>, patience: number, text: string]>([
    [
      'no node',
      { pods: [pod('set', [], { conditions: [scheduled] })] },
      600,
      'pod set-0 has no node (Unschedulable): 0/3 nodes are available: 3 Insufficient memory.',
    ],
    [
      'a claim without a volume',
      {
        pods: [pod('set', [], { conditions: [scheduled] })],
        claims: [claim('Pending')],
        events: [warning('claim', 'ProvisioningFailed', 'no quota for disks')],
      },
      300,
      'pod set-0 has no node (Unschedulable): 0/3 nodes are available: 3 Insufficient memory.; claim tsdb-data: no quota for disks',
    ],
    [
      'an image that cannot be pulled',
      { pods: [pod('set', waiting('ImagePullBackOff', 'Back-off pulling image "x"'))] },
      120,
      'pod set-0, container main: ImagePullBackOff: Back-off pulling image "x"',
    ],
    [
      'an image name that is none',
      { pods: [pod('set', waiting('InvalidImageName'))] },
      0,
      'pod set-0, container main: InvalidImageName',
    ],
    [
      'a missing Secret',
      { pods: [pod('set', waiting('CreateContainerConfigError', 'secret "x" not found'))] },
      60,
      'pod set-0, container main: CreateContainerConfigError: secret "x" not found',
    ],
    [
      'a first crash',
      { pods: [pod('set', crashing(1, 'oh'))] },
      90,
      'pod set-0, container main: CrashLoopBackOff, started 2 times; it ended with exit code 1',
    ],
    [
      'crash after crash',
      { pods: [pod('set', crashing(3, 'oh'))] },
      0,
      'pod set-0, container main: CrashLoopBackOff, started 4 times; it ended with exit code 1',
    ],
    [
      'a volume that is still on another node',
      {
        pods: [pod('set', waiting('ContainerCreating'))],
        events: [warning('set-0', 'FailedAttachVolume', 'Multi-Attach error')],
      },
      600,
      'pod set-0: FailedAttachVolume: Multi-Attach error',
    ],
    [
      'a probe that fails',
      {
        pods: [pod('set', running(false), { phase: 'Running' })],
        events: [
          warning('set-0', 'Unhealthy', 'old', '2026-01-01T10:00:30Z'),
          warning('set-0', 'Unhealthy', 'Startup probe failed: no response'),
        ],
      },
      Number.POSITIVE_INFINITY,
      'pod set-0: Startup probe failed: no response',
    ],
    [
      'a pod that was evicted',
      {
        pods: [pod('set', [], { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory' })],
      },
      60,
      'pod set-0: Evicted: The node was low on memory',
    ],
    [
      'a pod that nobody may make',
      { events: [warning('set', 'FailedCreate', 'exceeded quota: tsdb')] },
      60,
      'FailedCreate: exceeded quota: tsdb',
    ],
  ])('says why: %s', (_what, surroundings, patience, text) => {
    expect(judgeStatefulSet(statefulSet(DOWN), around(surroundings))).toMatchObject({
      kind: 'progressing',
      trouble: { text, patience },
    });
  });

  it('has no trouble with what is over, starting or ending', () => {
    const troubleOf = (some: Partial<Surroundings>) => {
      const verdict = judgeStatefulSet(statefulSet(DOWN), around(some));
      return verdict.kind === 'progressing' ? verdict.trouble : undefined;
    };
    // The pod was made after the quota had refused it.
    const refused = warning('set', 'FailedCreate', 'exceeded quota', '2026-01-01T09:00:00Z');
    expect(troubleOf({ pods: [pod('set', running(false))], events: [refused] })).toBeUndefined();
    expect(troubleOf({ pods: [pod('set', waiting('ContainerCreating'))] })).toBeUndefined();
    const ending = pod('set', crashing(9, 'oh'));
    const gone = { ...ending, metadata: { ...ending.metadata, deletionTimestamp: 'now' } };
    expect(troubleOf({ pods: [gone] })).toBeUndefined();
    expect(troubleOf({ pods: [pod('another', crashing(9, 'oh'))] })).toBeUndefined();
  });

  it('names the pod of an earlier version that it waits for in vain, but not one that only needs time', () => {
    const old = judgeStatefulSet(
      statefulSet({ ...DOWN, currentRevision: 'a', updatedReplicas: 0 }),
      around({ pods: [pod('set', waiting('ImagePullBackOff'), { revision: 'a' })] }),
    );
    expect(old).toMatchObject({ trouble: { stuckPod: { name: 'set-0', uid: 'set-0' }, patience: 5 } });
    const recovering = judgeStatefulSet(
      statefulSet({ ...DOWN, currentRevision: 'a', updatedReplicas: 0 }),
      around({
        pods: [pod('set', running(false), { revision: 'a' })],
        events: [warning('set-0', 'Unhealthy', 'rejecting connections')],
      }),
    );
    expect(recovering).toMatchObject({ trouble: { patience: Number.POSITIVE_INFINITY } });
  });

  it('lets a server recover whatever the container beside it does', () => {
    const judge = (server: ContainerStatus) => {
      const statuses = [server, { ...crashing(9, 'oh'), name: 'password' }];
      const one = pod('set', statuses, { revision: 'a' });
      const annotations = { 'kubectl.kubernetes.io/default-container': 'main' };
      return judgeStatefulSet(
        statefulSet({ ...DOWN, currentRevision: 'a', updatedReplicas: 0 }),
        around({ pods: [{ ...one, metadata: { ...one.metadata, annotations } }] }),
      );
    };
    const recovering = judge(running(false));
    expect(recovering).toMatchObject({ trouble: { patience: Number.POSITIVE_INFINITY } });
    expect(recovering).not.toHaveProperty('trouble.stuckPod');
    expect(judge(running(true))).toMatchObject({ trouble: { stuckPod: { name: 'set-0' }, patience: 0 } });
    expect(judge(waiting('ContainerCreating'))).toMatchObject({ trouble: { stuckPod: { name: 'set-0' } } });
  });
});

describe('a Deployment', () => {
  const judge = (status: object, some: Partial<Surroundings> = {}) =>
    judgeDeployment(deployment(status), around({ replicaSets: [replicaSet('2'), replicaSet('3')], ...some }));

  it('is up when all its pods are of the newest version and available', () => {
    expect(judge({})).toEqual({ kind: 'complete', text: '1 of 1 ready' });
    expect(judge({ observedGeneration: 1 })).toMatchObject({ kind: 'progressing' });
    expect(judge({ updatedReplicas: 0 })).toMatchObject({ kind: 'progressing' });
    expect(judge({ availableReplicas: 0 })).toMatchObject({ kind: 'progressing' });
    expect(judge({ replicas: 2 })).toMatchObject({
      kind: 'progressing',
      text: 'pods of the previous version are ending',
    });
  });

  it('says what keeps its newest pods, not those of an earlier version', () => {
    const down = { updatedReplicas: 1, replicas: 2, availableReplicas: 1 };
    expect(judge(down, { pods: [pod('set-2', crashing(9, 'oh'))] })).toMatchObject({ trouble: undefined });
    expect(
      judge({ ...down, availableReplicas: 0 }, { pods: [pod('set-3', crashing(9, 'oh'))] }),
    ).toMatchObject({
      trouble: { patience: 0, words: 'oh', log: { pod: 'set-3-0', container: 'main', previous: true } },
    });
  });

  it('knows when nothing moves any more', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ];
    expect(judge({ availableReplicas: 0, conditions })).toMatchObject({
      trouble: { text: 'ProgressDeadlineExceeded: timed out', patience: 60 },
    });
    const pods = [pod('set-3', running(false))];
    const events = [warning('set-3-0', 'Unhealthy', 'Readiness probe failed: 503')];
    expect(judge({ availableReplicas: 0, conditions }, { pods, events })).toMatchObject({
      trouble: { text: 'pod set-3-0: Readiness probe failed: 503', patience: 60 },
    });
  });

  it('says what the quota refused', () => {
    const conditions = [
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: tsdb' },
    ];
    expect(judge({ updatedReplicas: 0, conditions })).toMatchObject({
      trouble: { text: 'FailedCreate: exceeded quota: tsdb', patience: 60 },
    });
  });
});

describe('a Job', () => {
  const FAILED = {
    type: 'Failed',
    status: 'True',
    reason: 'PodFailurePolicy',
    message: 'Container plan failed',
  };
  const ended = (name: string, exitCode: number) => ({
    name,
    state: { terminated: { exitCode, message: 'consent is missing' } },
  });

  it('is up when it has completed', () => {
    expect(judgeJob(job({ conditions: [{ type: 'Complete', status: 'True' }] }), around())).toEqual({
      kind: 'complete',
      text: 'completed',
    });
  });

  it('tells which step runs, and of which attempt', () => {
    const steps = [ended('prepare', 0), { ...running(true), name: 'apply' }];
    expect(judgeJob(job(), around())).toMatchObject({ kind: 'progressing', text: 'no pod yet' });
    expect(judgeJob(job(), around({ pods: [pod('job', steps)] }))).toMatchObject({ text: 'step apply runs' });
    const first = pod('job', [ended('plan', 1)], { name: 'first', phase: 'Failed' });
    const second = { ...pod('job', steps, { name: 'second' }) };
    const later = { ...second, metadata: { ...second.metadata, creationTimestamp: '2026-01-01T11:00:00Z' } };
    expect(judgeJob(job(), around({ pods: [first, later] }))).toMatchObject({
      text: 'step apply runs (attempt 2)',
    });
  });

  it('has failed for good with the step that failed, and its last words', () => {
    const pods = [pod('job', [ended('prepare', 0), ended('apply', 3)], { phase: 'Failed' })];
    expect(judgeJob(job({ conditions: [FAILED] }), around({ pods }))).toMatchObject({
      trouble: {
        text: 'Container plan failed; step apply failed, it ended with exit code 3',
        patience: 0,
        words: 'consent is missing',
        log: { pod: 'job-0', container: 'apply', previous: false },
      },
    });
    expect(judgeJob(job({ conditions: [FAILED] }), around())).toMatchObject({
      trouble: { text: 'Container plan failed', patience: 0 },
    });
  });
});

describe('what the operator makes', () => {
  const cluster = (status: Workload['status']): Workload => ({
    metadata: { name: 'tsdb', uid: 'cluster' },
    spec: { instances: 2 },
    ...(status ? { status } : {}),
  });
  const READY = { type: 'Ready', status: 'True' };

  it('is up when all its instances are ready', () => {
    expect(judgeCluster(cluster({ readyInstances: 2, conditions: [READY] }), around())).toMatchObject({
      kind: 'complete',
    });
    expect(judgeCluster(cluster({ readyInstances: 1, conditions: [READY] }), around())).toMatchObject({
      kind: 'progressing',
    });
    const setUp = { phase: 'Setting up primary', phaseReason: 'Creating primary instance tsdb-1' };
    expect(judgeCluster(cluster(setUp), around())).toMatchObject({
      text: '0 of 2 instances ready; Setting up primary: Creating primary instance tsdb-1',
    });
  });

  it('says why an instance is not', () => {
    const instance = pod('cluster', crashing(4, 'oh'));
    const labelled = {
      ...instance,
      metadata: { ...instance.metadata, labels: { 'cnpg.io/cluster': 'tsdb' } },
    };
    expect(judgeCluster(cluster({}), around({ pods: [labelled] }))).toMatchObject({
      trouble: { patience: 0, words: 'oh' },
    });
  });

  it('is a pooler when the Deployment behind it is up', () => {
    const pooler = { metadata: { name: 'tsdb-pooler', uid: 'pooler' } };
    expect(judgePooler(pooler, [], around())).toMatchObject({ kind: 'progressing' });
    const behind = deployment();
    const owned = {
      ...behind,
      metadata: { ...behind.metadata, ownerReferences: [{ uid: 'pooler', kind: 'Pooler', name: 'x' }] },
    };
    expect(judgePooler(pooler, [owned], around())).toMatchObject({ kind: 'complete' });
  });
});
