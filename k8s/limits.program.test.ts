import { readConfig } from '../infra/core/config';
import { mostKafkaConsumers } from '../infra/core/settings/consumers';
import { type Attributes, only, type Resources } from '../infra/core/testing/policy';
import { onlyResource } from '../infra/core/testing/synthesise';
import { DEPLOYMENTS, databaseStackOf, type Env, synthesiseKubernetes } from './testing/deployments';
import { containersOf, podsOf } from './testing/policy/pods';

const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'e.org/pg:pg17' };
const BACKUP_URL = { TSDB_DEPLOY_HA_BACKUP_URL: 's3://bucket/path' };

function hard(env: Env): Readonly<Record<string, string>> {
  const [stack = synthesiseKubernetes(env)] = databaseStackOf(env);
  return only(onlyResource(stack, 'kubernetes_resource_quota_v1'), 'spec').hard as Record<string, string>;
}

const milli = (cpu: string) => (cpu.endsWith('m') ? Number.parseInt(cpu, 10) : Number(cpu) * 1000);
const mebibytes = (amount: string) => {
  const [, number, unit = ''] = /^(\d+)(Mi|Gi|Ti)$/.exec(amount) ?? [];
  return Number(number) * 1024 ** ['Mi', 'Gi', 'Ti'].indexOf(unit);
};
const DISK = 'ephemeral-storage';
/** Of a backup that is started by hand. */
const BY_HAND: Readonly<Record<string, number>> = { cpu: 100, memory: 512, [DISK]: 512 + 256 };

/** What a pod asks for: its containers together, or the first ones one by one if any of those wants more. */
function askedBy(
  pod: { readonly spec: Attributes },
  kind: string,
  of: string,
  read: (text: string) => number,
): number {
  const each = (block: string) =>
    containersOf({ ...pod, spec: { container: pod.spec[block] } } as never).map((container) =>
      read(String(only(only(container, 'resources'), kind)[of])),
    );
  return Math.max(
    each('container').reduce((sum, one) => sum + one, 0),
    ...each('init_container'),
  );
}

/** How many pods of a workload there can be at once. */
function countOf(address: string, most: Most): number {
  if (address.startsWith('kubernetes_deployment_v1.api')) return most.api + 2;
  return address.startsWith('kubernetes_deployment_v1.consumers_kafka') ? most.kafka + 2 : 1;
}

interface Most {
  readonly api: number;
  readonly kafka: number;
}

function asked(
  resources: Resources,
  most: Most,
  kind: string,
  of: string,
  read: (text: string) => number,
): number {
  return podsOf(resources).reduce(
    (sum, pod) => sum + countOf(pod.address, most) * askedBy(pod, kind, of, read),
    BY_HAND[of] ?? 0,
  );
}

describe('the quota', () => {
  it.each<[what: string, env: Env]>([
    ['nothing given', {}],
    ['prod', { TSDB_DEPLOY_ENVIRONMENT: 'prod' }],
    ['a large database', { TSDB_DEPLOY_DB_CPUS: '16', TSDB_DEPLOY_DB_MEMORY_MIB: '65536' }],
    ['one pod of the API', { TSDB_DEPLOY_API_REPLICAS: '1', TSDB_DEPLOY_API_MAX_REPLICAS: '1' }],
    ['consumers by lag', DEPLOYMENTS['consumers of brokers in the cluster, by lag'] as Env],
    ['more consumers', DEPLOYMENTS['consumers with certificates, of brokers outside of the cluster'] as Env],
  ])('is what all pods of the stack ask for, and a backup that is started by hand: %s', (_what, env) => {
    const { resource } = synthesiseKubernetes(env);
    const { kubernetes, consumers } = readConfig(env);
    const most = { api: kubernetes.apiMaxReplicas, kafka: mostKafkaConsumers(consumers) };
    const quota = hard(env);
    expect(milli(quota['requests.cpu'] ?? '')).toBe(asked(resource, most, 'requests', 'cpu', milli));
    expect(mebibytes(quota['requests.memory'] ?? '')).toBe(
      asked(resource, most, 'requests', 'memory', mebibytes),
    );
    expect(mebibytes(quota['limits.memory'] ?? '')).toBe(
      asked(resource, most, 'limits', 'memory', mebibytes),
    );
    for (const kind of ['requests', 'limits'])
      expect([kind, mebibytes(quota[`${kind}.${DISK}`] ?? '')]).toEqual([
        kind,
        asked(resource, most, kind, DISK, mebibytes),
      ]);
    const pods = podsOf(resource).reduce((sum, { address }) => sum + countOf(address, most), 1);
    expect(quota.pods).toBe(String(pods));
    expect(quota.services).toBe(String(Object.keys(resource.kubernetes_service_v1 ?? {}).length));
    expect(quota.persistentvolumeclaims).toBe(
      String(Object.keys(resource.kubernetes_persistent_volume_claim_v1 ?? {}).length),
    );
  });

  it('is as large as the volumes are', () => {
    expect(hard({ TSDB_DEPLOY_DISK_GIB: '200', TSDB_DEPLOY_BACKUP_GIB: '30' })['requests.storage']).toBe(
      '230Gi',
    );
  });

  it('lets nothing open a way into the cluster, but what proves a name to cert-manager', () => {
    expect(hard({})).toMatchObject({ 'services.loadbalancers': '0', 'services.nodeports': '0' });
    const issuer = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org', TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt' };
    expect(hard(issuer)).toMatchObject({
      'services.loadbalancers': '0',
      'services.nodeports': '1',
      services: '4',
    });
  });

  it('has room for all instances of a replicating database, and one that replaces another', () => {
    const size = {
      TSDB_DEPLOY_DB_MEMORY_MIB: '4096',
      TSDB_DEPLOY_HA_INSTANCES: '3',
      TSDB_DEPLOY_HA_WAL_GIB: '20',
    };
    const plain = hard({ ...HA, ...size });
    // Four instances, eight of the API, four runs, three poolers.
    expect(mebibytes(plain['requests.memory'] ?? '')).toBe(4 * 4096 + 8 * 256 + 2 * 256 + 2 * 512 + 3 * 128);
    // An instance has 1024 MiB of scratch, a pooler 256; the output of each container is 512.
    expect(mebibytes(plain[`requests.${DISK}`] ?? '')).toBe(4 * 1536 + (8 + 4 + 3) * 768);
    expect(plain).toMatchObject({
      pods: '19',
      persistentvolumeclaims: '9',
      'requests.storage': `${4 * (128 + 20) + 64}Gi`,
    });
    const withBackups = hard({ ...HA, ...size, ...BACKUP_URL });
    expect(mebibytes(withBackups['limits.memory'] ?? '') - mebibytes(plain['limits.memory'] ?? '')).toBe(
      4 * 512,
    );
    expect(mebibytes(withBackups[`limits.${DISK}`] ?? '') - mebibytes(plain[`limits.${DISK}`] ?? '')).toBe(
      4 * 512,
    );
  });

  it('has room for every node of a sharded database, and for the Jobs of its operator', () => {
    const quota = hard({
      TSDB_DEPLOY_SHARDED: 'true',
      TSDB_DEPLOY_SHARDED_SHARDS: '3',
      TSDB_DEPLOY_SHARDED_INSTANCES: '2',
      TSDB_DEPLOY_SHARDED_MEMORY_MIB: '8192',
      TSDB_DEPLOY_SHARDED_GIB: '300',
    });
    // Two instances of the coordinator, six of shards, two Jobs for each of four clusters and the whole, eight pods of the API,
    // four runs. 576 MiB are for the containers beside each server.
    expect(quota).toMatchObject({
      pods: String(2 + 6 + 10 + 8 + 4),
      persistentvolumeclaims: '9',
      'requests.storage': `${2 * 128 + 6 * 300 + 64}Gi`,
      services: String(4 * 5 + 3 + 1),
    });
    const memory = 2 * (2048 + 576) + 6 * (8192 + 576) + 10 * 512 + 8 * 256 + 2 * 256 + 2 * 512;
    expect(mebibytes(quota['requests.memory'] ?? '')).toBe(memory);
    expect(mebibytes(quota['limits.memory'] ?? '')).toBe(memory);
    expect(mebibytes(quota[`requests.${DISK}`] ?? '')).toBe(8 * (1536 + 1024) + 10 * 1024 + 12 * 768);
  });

  it('is there before whatever it counts', () => {
    const { resource } = synthesiseKubernetes();
    const [quota = ''] = Object.keys(resource.kubernetes_resource_quota_v1 ?? {});
    const counted = [
      'stateful_set_v1',
      'deployment_v1',
      'job_v1',
      'cron_job_v1',
      'service_v1',
      'persistent_volume_claim_v1',
    ];
    for (const type of counted)
      for (const attributes of Object.values(resource[`kubernetes_${type}`] ?? {}) as {
        depends_on?: unknown;
      }[])
        expect(attributes.depends_on).toContain(`kubernetes_resource_quota_v1.${quota}`);
  });
});

describe('the defaults of containers', () => {
  it('end their memory and their use of the disk, and not their processor time', () => {
    expect(only(onlyResource(synthesiseKubernetes(), 'kubernetes_limit_range_v1'), 'spec').limit).toEqual([
      {
        type: 'Container',
        default: { memory: '256Mi', [DISK]: '512Mi' },
        default_request: { cpu: '50m', memory: '64Mi', [DISK]: '512Mi' },
      },
    ]);
  });
});
