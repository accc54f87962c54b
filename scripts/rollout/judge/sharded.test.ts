import type { Pod, Workload } from '../objects';
import { around, crashing, pod, running, warning } from '../testing/objects';
import { judgeSharded } from './sharded';

const cluster = (status: Workload['status'] = {}): Workload => ({
  metadata: { name: 'tsdb', uid: 'cluster' },
  spec: { coordinator: { instances: 2 }, shards: { clusters: 2, instancesPerCluster: 1 } },
  status,
});

function node(name: string, kind: string, more: { isReady?: boolean; of?: string } = {}): Pod {
  const { isReady = true, of = 'tsdb' } = more;
  const made = pod(name, running(isReady), {
    name,
    phase: 'Running',
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
  });
  const labels = { 'timescaledb-as-code/database-node': kind, 'app.kubernetes.io/part-of': of };
  return { ...made, metadata: { ...made.metadata, labels } };
}

const COORDINATOR = [node('coord-0', 'coordinator'), node('coord-1', 'coordinator')];
const SHARDS = [node('shard0-0', 'shard'), node('shard1-0', 'shard')];
const ALL = [...COORDINATOR, ...SHARDS];

describe('a sharded database', () => {
  it('is up when every instance of the coordinator and of all shards is ready', () => {
    expect(judgeSharded(cluster(), around({ pods: ALL }))).toEqual({
      kind: 'complete',
      text: '2 of 2 instances of the coordinator ready, 2 of 2 instances of shards ready',
    });
  });

  it.each<[what: string, pods: readonly Pod[]]>([
    ['no pod yet', []],
    ['a shard that is missing', [...COORDINATOR, ...SHARDS.slice(1)]],
    ['a standby that is not ready', [...ALL.slice(1), node('coord-0', 'coordinator', { isReady: false })]],
    ['a shard of another deployment', [...ALL.slice(0, 3), node('shard1-0', 'shard', { of: 'plant' })]],
    [
      'an instance that is ending',
      [
        ...ALL.slice(1),
        { ...node('coord-0', 'coordinator'), metadata: { name: 'coord-0', deletionTimestamp: 'now' } },
      ],
    ],
  ])('is not up with %s, whatever was bootstrapped before', (_what, pods) => {
    const bootstrapped = { conditions: [{ type: 'Bootstrapped', status: 'True' }] };
    expect(judgeSharded(cluster(bootstrapped), around({ pods }))).toMatchObject({ kind: 'progressing' });
  });

  it('is not up while instances wait to be restarted with new settings', () => {
    const pending = { conditions: [{ type: 'PendingRestart', status: 'True' }] };
    expect(judgeSharded(cluster(pending), around({ pods: ALL }))).toMatchObject({
      kind: 'progressing',
      text: expect.stringContaining('some still run with earlier settings'),
    });
  });

  it('says why it is not', () => {
    const [first, ...others] = ALL as [Pod, ...Pod[]];
    const broken = { ...first, status: { containerStatuses: [crashing(4, 'no disk')] } };
    expect(judgeSharded(cluster(), around({ pods: [broken, ...others] }))).toMatchObject({
      trouble: { patience: 0, words: 'no disk' },
    });
    const failed = {
      type: 'Failed',
      status: 'True',
      reason: 'ShardedClusterConfigFailed',
      message: 'no profile',
    };
    expect(judgeSharded(cluster({ conditions: [failed] }), around())).toMatchObject({
      trouble: { text: 'ShardedClusterConfigFailed: no profile', patience: 300 },
    });
    const events = [warning('cluster', 'ShardedClusterConfigError', 'cannot find citus')];
    expect(judgeSharded(cluster(), around({ events }))).toMatchObject({
      trouble: { text: 'ShardedClusterConfigError: cannot find citus', patience: Number.POSITIVE_INFINITY },
    });
  });
});
