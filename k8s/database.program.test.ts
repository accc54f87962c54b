import { IMAGE_FLAVOURS } from '../infra/core/pins';
import { onlyResource } from '../infra/core/testing/synthesise';
import { DEPLOYMENTS, databaseStackOf, type Env, synthesiseKubernetes } from './testing/deployments';
import { containerOf, podOf, variablesOf } from './testing/pods';

const SERVER = 'kubernetes_stateful_set_v1';
const DATA_CLAIM = /^database_volume_claim_/;

interface StatefulSet {
  readonly lifecycle: unknown;
  readonly spec: Readonly<Record<string, unknown>>;
}

const server = (env: Env = {}) => onlyResource(synthesiseKubernetes(env), SERVER) as unknown as StatefulSet;

const claim = (env: Env = {}) => {
  const claims = Object.entries(
    synthesiseKubernetes(env).resource.kubernetes_persistent_volume_claim_v1 ?? {},
  );
  return claims.find(([name]) => DATA_CLAIM.test(name))?.[1] as {
    readonly metadata: { readonly name: string };
    readonly spec: Readonly<Record<string, unknown>>;
    readonly wait_until_bound: boolean;
  };
};

/** What the provider cannot change without making another object. */
const fixedOfServer = ({ spec }: StatefulSet) => [
  spec.service_name,
  spec.selector,
  spec.pod_management_policy,
  spec.revision_history_limit,
  spec.volume_claim_template,
];

describe('the volume of the database', () => {
  it('grows in place: nothing but its size changes with its size', () => {
    const { spec, ...others } = claim();
    const { spec: greater, ...same } = claim({ TSDB_DEPLOY_DISK_GIB: '256' });
    expect(same).toEqual(others);
    expect(spec).toMatchObject({ resources: { requests: { storage: '128Gi' } } });
    expect(greater).toEqual({ ...spec, resources: { requests: { storage: '256Gi' } } });
    expect(server({ TSDB_DEPLOY_DISK_GIB: '256' })).toEqual(server());
  });

  it('is waited for by nobody, as it is bound only with its pod', () => {
    expect(claim().wait_until_bound).toBe(false);
  });

  it('takes the default class of the cluster, one that is there, or one of our own', () => {
    expect(claim().spec).not.toHaveProperty('storage_class_name');
    expect(claim({ TSDB_DEPLOY_STORAGE_CLASS: 'fast' }).spec.storage_class_name).toBe('fast');
    expect(claim(DEPLOYMENTS['every option']).spec.storage_class_name).toBe('tsdb-dev');
  });
});

describe('a storage class of our own', () => {
  it('keeps volumes that lost their claim, lets them grow, and is there before they are', () => {
    const env = { TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com' };
    const options = {
      ...env,
      TSDB_DEPLOY_STORAGE_CLASS: 'premium',
      TSDB_DEPLOY_STORAGE_PARAMETERS: 'skuName=PremiumV2_LRS,cachingMode=None',
    };
    const made = onlyResource(synthesiseKubernetes(options), 'kubernetes_storage_class_v1');
    expect(made).toMatchObject({
      metadata: { name: 'premium' },
      storage_provisioner: 'disk.csi.azure.com',
      parameters: { skuName: 'PremiumV2_LRS', cachingMode: 'None' },
      allow_volume_expansion: true,
      reclaim_policy: 'Retain',
      volume_binding_mode: 'WaitForFirstConsumer',
    });
    expect(claim(options).spec.storage_class_name).toBe('premium');
    expect(claim(options)).toMatchObject({
      depends_on: expect.arrayContaining([expect.stringMatching(/^kubernetes_storage_class_v1\./)]),
    });
  });
});

describe('the StatefulSet', () => {
  // What differs between deployments of one namespace; name and environment make another one.
  it.each<[string, Env]>([
    ...Object.entries(DEPLOYMENTS).filter(
      ([, env]) => databaseStackOf(env).length === 0 && env.TSDB_DEPLOY_ENVIRONMENT === undefined,
    ),
    [
      'other sizes',
      { TSDB_DEPLOY_DISK_GIB: '256', TSDB_DEPLOY_DB_CPUS: '8', TSDB_DEPLOY_DB_MEMORY_MIB: '8192' },
    ],
    ['another image', { TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:2' }],
    ['new passwords', { TSDB_DEPLOY_PASSWORD_VERSION: '2' }],
  ])('stays the same object with %s', (_what, env) => {
    expect(fixedOfServer(server(env))).toEqual(fixedOfServer(server()));
    expect(claim(env).metadata).toEqual(claim().metadata);
  });

  it('has one replica and its volume outside of the template', () => {
    expect(server().spec.replicas).toBe('1');
    expect(server().spec).not.toHaveProperty('volume_claim_template');
  });

  it('is not restarted again after a restart by hand', () => {
    expect(server().lifecycle).toEqual({
      ignore_changes: ['spec[0].template[0].metadata[0].annotations["kubectl.kubernetes.io/restartedAt"]'],
    });
  });
});

describe.each(Object.entries(IMAGE_FLAVOURS))('the database pod with image flavour %s', (flavour, pinned) => {
  const pod = podOf(synthesiseKubernetes({ TSDB_DEPLOY_DB_FLAVOUR: flavour }), SERVER);
  const container = containerOf(pod, 'timescaledb');

  it('has PGDATA below the mount of the volume', () => {
    const data = container.volume_mount.find(({ name }) => name === 'data');
    expect(variablesOf(container).PGDATA?.startsWith(`${data?.mount_path}/`)).toBe(true);
    expect(pod.volume).toContainEqual({ name: 'data', persistent_volume_claim: expect.anything() });
  });

  it("runs the pinned image as the image's user", () => {
    expect(container.image).toBe(pinned.image);
    expect(pod.security_context).toMatchObject({
      run_as_user: String(pinned.uid),
      fs_group: String(pinned.gid),
    });
  });
});

describe('the database pod', () => {
  const pod = podOf(synthesiseKubernetes(), SERVER);
  const container = containerOf(pod, 'timescaledb');

  it('gives recovery half an hour and is not killed while it rejects connections', () => {
    expect(container.startup_probe).toMatchObject({ period_seconds: 5, failure_threshold: 360 });
    expect(container.liveness_probe).toMatchObject({
      exec: { command: ['sh', '-c', expect.stringMatching(/; \[ \$\? -le 1 \]$/)] },
    });
  });

  it('writes a checkpoint before it stops serving, and has time to stop after that', () => {
    expect(container.lifecycle).toEqual({
      pre_stop: [{ exec: { command: expect.arrayContaining(['timeout', '60', '--command=CHECKPOINT']) } }],
    });
    expect(pod.termination_grace_period_seconds).toBe(180);
  });

  it('is given memory as request and limit, and its settings follow from it', () => {
    const env = { TSDB_DEPLOY_DB_MEMORY_MIB: '8192', TSDB_DEPLOY_DB_CPUS: '4' };
    const larger = containerOf(podOf(synthesiseKubernetes(env), SERVER), 'timescaledb');
    expect(larger.resources).toEqual({
      requests: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '1Gi' },
      limits: { memory: '8Gi', 'ephemeral-storage': '1Gi' },
    });
    expect(larger.args).toEqual(expect.arrayContaining(['shared_buffers=2048MB', 'max_parallel_workers=4']));
  });

  it('shares more memory between parallel workers than the usual 64 MiB', () => {
    expect(pod.volume).toContainEqual({
      name: 'shared-memory',
      empty_dir: { medium: 'Memory', size_limit: '256Mi' },
    });
  });
});
