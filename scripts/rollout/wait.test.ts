// The wait, against a stub of an API server, with a clock that does not wait.
import type { KubeConfig } from '@kubernetes/client-node';
import { type Cluster, clusterOf } from './cluster';
import type { Pod, Workload } from './objects';
import { REPORTED } from './repair';
import type { RolloutTarget } from './request';
import { crashing, deployment, job, pod, replicaSet, running, statefulSet, waiting } from './testing/objects';
import { type StubApiServer, startStubApiServer } from './testing/stub-api-server';
import { RolloutError, type WaitProps, waitForRollout } from './wait';

const APPS = '/apis/apps/v1/namespaces/tsdb';
const JOBS = '/apis/batch/v1/namespaces/tsdb/jobs';
const PODS = '/api/v1/namespaces/tsdb/pods';
const DATABASE: RolloutTarget = { kind: 'StatefulSet', name: 'tsdb', seconds: 3_000 };
const SCHEMA: RolloutTarget = { kind: 'Job', name: 'tsdb-schema-1', seconds: 2_100 };
const API: RolloutTarget = { kind: 'Deployment', name: 'tsdb-api', seconds: 1_800 };
const DOWN = { availableReplicas: 0, readyReplicas: 0 };

describe('waiting for a rollout', () => {
  let server: StubApiServer;
  let cluster: Cluster;
  let said: string[];
  beforeEach(async () => {
    server = await startStubApiServer();
    cluster = clusterOf({
      getCurrentCluster: () => ({ name: 'stub', server: server.url, skipTLSVerify: false }),
      getCurrentUser: () => null,
      applyToHTTPSOptions: async () => undefined,
    } as unknown as KubeConfig);
    said = [];
  });
  afterEach(() => server.stop());

  /** @param then what happens in the cluster after so many seconds */
  function wait(
    targets: readonly RolloutTarget[],
    then: Readonly<Record<number, () => void>> = {},
    more: Partial<WaitProps> = {},
  ): { readonly end: Promise<void>; readonly seconds: () => number } {
    let now = 0;
    const pending = Object.entries(then).map(([at, act]) => ({ at: Number(at) * 1_000, act }));
    const clock = {
      now: () => now,
      sleep: async (milliseconds: number) => {
        now += milliseconds;
        while (pending[0] !== undefined && pending[0].at <= now) pending.shift()?.act();
      },
    };
    const say = (line: string): void => void said.push(line);
    const end = waitForRollout(
      { namespace: 'tsdb', targets },
      { cluster, clock, say, mode: 'look', ...more },
    );
    return { end, seconds: () => now / 1_000 };
  }
  const set = (status = {}, revision = {}): void =>
    server.put(`${APPS}/statefulsets`, statefulSet({ ...status, ...revision }));
  const addPod = (one: Pod): void => server.put(PODS, one);
  const addJob = (status: Workload['status'] = {}, annotations = {}): void => {
    const made = job(status);
    server.put(JOBS, {
      ...made,
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        ...made.metadata,
        namespace: 'tsdb',
        annotations,
        labels: { own: 'yes', 'controller-uid': 'job', 'batch.kubernetes.io/job-name': 'tsdb-schema-1' },
      },
      spec: {
        backoffLimit: 3,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'job' } },
        template: { metadata: { labels: { own: 'yes', 'job-name': 'x' } }, spec: { containers: [] } },
      },
    } as never);
  };
  const FAILED = { conditions: [{ type: 'Failed', status: 'True', message: 'it failed' }] };
  const COMPLETE = { conditions: [{ type: 'Complete', status: 'True' }] };

  it('ends at once when everything is up', async () => {
    set();
    addJob(COMPLETE);
    server.put(`${APPS}/deployments`, deployment());
    const { end, seconds } = wait([DATABASE, SCHEMA, API]);
    await end;
    expect(seconds()).toBe(0);
    expect(said).toEqual([
      'StatefulSet tsdb: 1 of 1 ready',
      'Job tsdb-schema-1: completed',
      'Deployment tsdb-api: 1 of 1 ready',
    ]);
  });

  it('goes on to the next one when the one before is up, and tells what it waits for', async () => {
    set(DOWN);
    addPod(pod('set', running(false)));
    addJob();
    const { end } = wait([DATABASE, SCHEMA], {
      5: () => set(),
      70: () => addJob(COMPLETE),
    });
    await end;
    expect(said).toEqual([
      'StatefulSet tsdb (0s): 0 of 1 ready',
      'StatefulSet tsdb: 1 of 1 ready',
      'Job tsdb-schema-1 (0s): no pod yet',
      'Job tsdb-schema-1 (30s): no pod yet',
      'Job tsdb-schema-1 (1m0s): no pod yet',
      'Job tsdb-schema-1: completed',
    ]);
  });

  it('fails with the log of the pod that crashes', async () => {
    set(DOWN);
    addPod(pod('set', crashing(4, 'last words')));
    server.logs.set('set-0/main previous', 'a line\nPANIC: no space left on device\n');
    const { end, seconds } = wait([DATABASE, SCHEMA]);
    await expect(end).rejects.toThrow(
      'StatefulSet tsdb failed: pod set-0, container main: CrashLoopBackOff, started 5 times; it ended with exit code 1\n  | a line\n  | PANIC: no space left on device',
    );
    expect(seconds()).toBe(0);
  });

  it('fails with the last words of the pod when its node gives no log', async () => {
    set(DOWN);
    addPod(pod('set', crashing(4, 'last words\n')));
    await expect(wait([DATABASE]).end).rejects.toThrow(/exit code 1\n {2}\| last words$/);
  });

  it('gives an image two minutes, and begins again when it is another trouble', async () => {
    set(DOWN);
    addPod(pod('set', waiting('ErrImagePull', 'timeout')));
    const { end, seconds } = wait([DATABASE], {
      60: () => addPod(pod('set', waiting('ImagePullBackOff', 'timeout'))),
      100: () => addPod(pod('set', waiting('ContainerCreating'))),
      110: () => addPod(pod('set', waiting('ImagePullBackOff', 'not found'))),
    });
    await expect(end).rejects.toThrow('pod set-0, container main: ImagePullBackOff: not found');
    expect(seconds()).toBeGreaterThanOrEqual(230);
    expect(seconds()).toBeLessThan(240);
  });

  it('waits as long as the database recovers, up to its limit', async () => {
    set(DOWN);
    addPod(pod('set', running(false)));
    server.put('/api/v1/namespaces/tsdb/events', {
      metadata: { name: 'one' },
      involvedObject: { uid: 'set-0' },
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Startup probe failed: rejecting connections',
    } as never);
    const short = { ...DATABASE, seconds: 300 };
    const { end } = wait([short]);
    await expect(end).rejects.toThrow(
      /^StatefulSet tsdb is not up after 5m\ds \(0 of 1 ready\): pod set-0: Startup probe failed: rejecting/,
    );
    await expect(wait([DATABASE], {}, { limit: 2 }).end).rejects.toThrow(/is not up after 2s/);
    await wait([short], { 290: () => set() }).end;
  });

  it('does not know the Deployment before its controller has seen the newest version', async () => {
    server.put(`${APPS}/deployments`, deployment({ observedGeneration: 1 }));
    server.put(`${APPS}/replicasets`, replicaSet('3') as never);
    const { end, seconds } = wait([API], {
      3: () => server.put(`${APPS}/deployments`, deployment({ updatedReplicas: 0, availableReplicas: 1 })),
      6: () => server.put(`${APPS}/deployments`, deployment()),
    });
    await end;
    expect(seconds()).toBe(6);
    expect(said[0]).toContain('its controller has not seen the new version yet');
  });

  it('says that what it waits for does not exist', async () => {
    await expect(wait([SCHEMA]).end).rejects.toThrow(
      'Job tsdb-schema-1 failed: it does not exist in the cluster',
    );
  });

  it('bears an API server that is away for a while, but not for long', async () => {
    set();
    server.failWith = 503;
    const back = wait([DATABASE], {
      30: () => {
        server.failWith = undefined;
      },
    });
    await back.end;
    expect(said[0]).toContain('failed (503): the stub was told to fail');
    server.failWith = 503;
    await expect(wait([DATABASE]).end).rejects.toThrow(`the cluster at ${server.url} does not answer`);
  });

  it.each([
    [401, /does not accept this login/],
    [403, /reads workloads, pods, their logs/],
  ])('does not go on when it may not look: %s', async (status, message) => {
    server.failWith = status;
    const { end } = wait([DATABASE]);
    await expect(end).rejects.toThrow(message);
    await expect(end).rejects.not.toBeInstanceOf(RolloutError);
  });

  describe('in a deployment', () => {
    const deploying = { mode: 'deploy' } as const;

    it('reports a failed Job, and lets it run again the next time', async () => {
      addJob(FAILED);
      await expect(wait([SCHEMA], {}, deploying).end).rejects.toThrow('Job tsdb-schema-1 failed: it failed');
      expect(server.changes).toEqual([`PATCH ${JOBS}/tsdb-schema-1`]);

      const again = wait([SCHEMA], { 2: () => addJob(COMPLETE) }, deploying);
      await again.end;
      expect(server.changes.slice(1)).toEqual([`DELETE ${JOBS}/tsdb-schema-1`, `POST ${JOBS}`]);
      expect(said).toContain('Job tsdb-schema-1 failed in an earlier deployment: it runs again');
    });

    it('makes the Job again as it was declared', async () => {
      addJob(FAILED, { [REPORTED]: 'true', kept: 'yes' });
      const { end } = wait([SCHEMA], {}, { ...deploying, limit: 1 });
      await expect(end).rejects.toThrow('is not up after 1s');
      expect(server.objects.get(JOBS)?.get('tsdb-schema-1')).toEqual({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name: 'tsdb-schema-1',
          namespace: 'tsdb',
          labels: { own: 'yes' },
          annotations: { kept: 'yes' },
        },
        spec: {
          backoffLimit: 3,
          template: { metadata: { labels: { own: 'yes' } }, spec: { containers: [] } },
        },
      });
    });

    it('removes a pod of an earlier version that cannot start, and waits for the new one', async () => {
      const old = { ...DOWN, currentRevision: 'a', updatedReplicas: 0 };
      set(old);
      addPod(pod('set', waiting('ImagePullBackOff'), { revision: 'a' }));
      await wait([DATABASE], { 20: () => set() }, deploying).end;
      expect(server.changes).toEqual([`DELETE ${PODS}/set-0`]);
      expect(said).toContain(
        'StatefulSet tsdb: pod set-0 of the previous version cannot start and is removed',
      );
    });

    it('removes no pod that has changed since it was looked at', async () => {
      set({ ...DOWN, currentRevision: 'a', updatedReplicas: 0 });
      const stuck = pod('set', waiting('ImagePullBackOff'), { revision: 'a' });
      addPod({ ...stuck, metadata: { ...stuck.metadata, resourceVersion: '7' } });
      server.beforeDelete = () =>
        addPod({ ...pod('set', running(false)), metadata: { ...stuck.metadata, resourceVersion: '8' } });
      await wait([DATABASE], { 20: () => set() }, deploying).end;
      expect(server.changes).toEqual([`DELETE ${PODS}/set-0`]);
      expect(server.objects.get(PODS)?.has('set-0')).toBe(true);
      expect(said.join()).not.toContain('is removed');
    });

    it('changes nothing when it only looks', async () => {
      addJob(FAILED, { [REPORTED]: 'true' });
      await expect(wait([SCHEMA]).end).rejects.toThrow(RolloutError);
      set({ ...DOWN, currentRevision: 'a', updatedReplicas: 0 });
      addPod(pod('set', waiting('ImagePullBackOff'), { revision: 'a' }));
      await expect(wait([DATABASE]).end).rejects.toThrow('ImagePullBackOff');
      expect(server.changes).toEqual([]);
    });
  });
});
