import { readConfig } from '../../infra/core/config';
import { postgresSettings } from '../../infra/core/postgres-settings';
import { checkedBefore, checksOf } from '../testing/checks';
import { DEPLOYMENTS, type Env, synthesiseKubernetes, synthesiseSharded } from '../testing/deployments';
import { nodeParameters } from './parameters';

const SHARDED = DEPLOYMENTS['a sharded database'] as Env;
const OTHER = DEPLOYMENTS['a sharded database with other values'] as Env;
const STORE = DEPLOYMENTS['a sharded database with passwords of a store'] as Env;

interface Resource {
  readonly manifest: {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string };
    // biome-ignore lint/suspicious/noExplicitAny: four kinds, read field by field
    readonly spec: any;
  };
  readonly depends_on: readonly string[];
  readonly lifecycle?: { readonly prevent_destroy: boolean };
  readonly computed_fields: readonly string[];
}

const resources = (kind: string, env: Env = SHARDED) =>
  (Object.values(synthesiseSharded(env).resource.kubernetes_manifest ?? {}) as Resource[]).filter(
    ({ manifest }) => manifest.kind === kind,
  );
function clusterOf(env: Env = SHARDED): Resource {
  const [found, ...others] = resources('SGShardedCluster', env);
  if (found === undefined || others.length > 0) throw new Error('expected one cluster');
  return found;
}
const specOf = (env: Env = SHARDED) => clusterOf(env).manifest.spec;
const objects = (type: string, env: Env = SHARDED) =>
  Object.values(synthesiseSharded(env).resource[type] ?? {}) as {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    // biome-ignore lint/suspicious/noExplicitAny: as above
    readonly [attribute: string]: any;
  }[];

describe('the stack kubernetes-sharded', () => {
  it('declares a coordinator and shards of Citus with the database of the deployment', () => {
    expect(specOf()).toMatchObject({
      ...{ profile: 'production', type: 'citus', database: 'tsdb' },
      postgres: { version: '17.9', ssl: { enabled: true } },
      coordinator: { instances: 2, pods: { persistentVolume: { size: '128Gi' } } },
      shards: { clusters: 2, instancesPerCluster: 2, pods: { persistentVolume: { size: '256Gi' } } },
    });
    expect(specOf(OTHER)).toMatchObject({
      postgres: { version: '18.3' },
      coordinator: { instances: 3 },
      shards: {
        ...{ clusters: 4, instancesPerCluster: 3 },
        pods: { persistentVolume: { size: '512Gi', storageClass: 'tsdb-dev' } },
      },
    });
  });

  it('takes no short cut that is for tests, and loses no confirmed commit in a failover', () => {
    expect(specOf()).not.toHaveProperty('nonProductionOptions');
    for (const { replication } of [specOf(), specOf().coordinator, specOf().shards])
      expect(replication).toEqual({ mode: 'sync', syncInstances: 1 });
  });

  it('has no pooler between the schema Job and the servers', () => {
    for (const { pods } of [specOf().coordinator, specOf().shards])
      expect(pods).toMatchObject({ disableConnectionPooling: true, disableEnvoy: true });
  });

  it('names sizes and settings that are there, and is made after them', () => {
    for (const kind of ['SGInstanceProfile', 'SGPostgresConfig']) {
      const names = resources(kind).map(({ manifest }) => manifest.metadata.name);
      const key = kind === 'SGInstanceProfile' ? 'sgInstanceProfile' : 'sgPostgresConfig';
      const used = [specOf().coordinator, specOf().shards].map(
        (node) => node[key] ?? node.configurations[key],
      );
      expect(names).toEqual(used);
    }
    expect(clusterOf(OTHER).depends_on).toEqual(
      expect.arrayContaining([
        ...['size-coordinator', 'size-shard', 'parameters-coordinator', 'parameters-shard', 'store'].map(
          (id) => `kubernetes_manifest.${id}`,
        ),
      ]),
    );
    expect(clusterOf().depends_on.join()).toMatch(
      /kubernetes_secret_v1.*network_policy_v1.*resource_quota_v1/,
    );
  });

  it('gives every container of a node requests and limits', () => {
    const [, shard] = resources('SGInstanceProfile', OTHER);
    expect(shard?.manifest.spec).toMatchObject({
      ...{ cpu: '4', memory: '8Gi' },
      containers: { 'cluster-controller': { cpu: '250m', memory: '512Mi' } },
      requests: { cpu: '4', memory: '8Gi', containers: { 'postgres-util': { cpu: '100m', memory: '64Mi' } } },
    });
    for (const { pods } of [specOf().coordinator, specOf().shards])
      expect(pods.resources).toMatchObject({
        disableResourcesRequestsSplitFromTotal: true,
        enableClusterLimitsRequirements: true,
      });
  });

  it('has one superuser, whose password nobody changes behind the back of the database', () => {
    const { superuser } = specOf().configurations.credentials.users;
    expect(superuser).toEqual({
      username: { name: 'tsdb-superuser', key: 'username' },
      password: { name: 'tsdb-superuser', key: 'password' },
    });
    const rotated = { ...SHARDED, TSDB_DEPLOY_PASSWORD_VERSION: '2' };
    for (const env of [SHARDED, rotated])
      expect(objects('kubernetes_secret_v1', env)).toEqual([
        expect.objectContaining({ type: 'kubernetes.io/basic-auth', data_wo_revision: 1 }),
      ]);
    const [external] = resources('ExternalSecret', STORE);
    expect(external?.manifest.spec.target.template.data).toEqual({
      username: 'postgres',
      password: '{{ .password }}',
    });
  });

  it('is where the kubernetes stack connects to, with the same Secret', () => {
    const { text, resource } = synthesiseKubernetes(SHARDED);
    expect(resource.kubernetes_stateful_set_v1).toBeUndefined();
    expect(resource.kubernetes_namespace_v1).toBeUndefined();
    expect(text).toMatch(/"secret_name": "tsdb-superuser"/);
    expect(JSON.stringify(resource.kubernetes_job_v1)).toContain('"name":"PGHOST","value":"tsdb"');
  });

  it('waits until the nodes are up, and says so to what comes after', () => {
    const [check] = checksOf(synthesiseSharded(), 'kubernetes_manifest');
    expect(check?.address).toBe('kubernetes_manifest.cluster');
    expect(checkedBefore(synthesiseSharded(), ['terraform_data.cluster-rollout'])).toEqual([
      'kubernetes_manifest',
    ]);
  });

  it('does not lose its volumes by mistake, and leaves to the operator what it adds', () => {
    expect(clusterOf().lifecycle).toEqual({ prevent_destroy: true });
    expect(clusterOf(OTHER).lifecycle).toEqual({ prevent_destroy: false });
    expect(clusterOf().computed_fields).toEqual(['metadata.labels', 'metadata.annotations']);
    expect(clusterOf(OTHER).computed_fields).toContain('spec.configurations.backups');
  });

  it('refuses pods with privileges in its namespace, and warns of those that are not restricted', () => {
    const [namespace] = objects('kubernetes_namespace_v1');
    const level = (mode: string) => namespace?.metadata.labels[`pod-security.kubernetes.io/${mode}`];
    expect(['enforce', 'audit', 'warn'].map(level)).toEqual(['baseline', 'restricted', 'restricted']);
  });
});

describe('the settings of the nodes', () => {
  const config = readConfig({ ...SHARDED, TSDB_DEPLOY_DB_MEMORY_MIB: '4096' });

  it('are computed from the size of each, without those of TimescaleDB and of the operator', () => {
    const shard = nodeParameters(config, 'shard');
    expect(shard.shared_buffers).toBe(postgresSettings(config.sharded).shared_buffers);
    expect(nodeParameters(config, 'coordinator').shared_buffers).toBe('1024MB');
    expect(
      Object.keys(shard).filter((name) => /^timescaledb|^shared_preload|^listen_|^wal_level/.test(name)),
    ).toEqual([]);
  });

  it('let a shard take the connections that the coordinator opens for its clients', () => {
    const [coordinator, shard] = (['coordinator', 'shard'] as const).map((kind) =>
      nodeParameters(config, kind),
    );
    const clients = Number(coordinator?.['citus.max_client_connections']);
    expect(clients).toBe(100);
    expect(Number(coordinator?.['citus.max_shared_pool_size'])).toBeLessThan(Number(shard?.max_connections));
    expect(Number(shard?.max_connections)).toBe(3 * clients);
  });
});

describe('the backups of the nodes', () => {
  const storeOf = (env: Env) => resources('SGObjectStorage', env).map(({ manifest }) => manifest.spec);

  it('are off without a bucket, and say so by having none', () => {
    expect(specOf().configurations).not.toHaveProperty('backups');
    expect(storeOf(SHARDED)).toEqual([]);
  });

  it('are made each night, and log in with the keys of the Secret', () => {
    expect(specOf(OTHER).configurations.backups).toEqual([
      { sgObjectStorage: 'tsdb-backups', cronSchedule: '47 1 * * *', retention: 60, compression: 'lz4' },
    ]);
    expect(storeOf(OTHER)).toEqual([
      {
        type: 's3Compatible',
        s3Compatible: expect.objectContaining({
          bucket: 'plant',
          endpoint: 'https://minio.example.org:9000',
        }),
      },
    ]);
    const key = (name: string) => ({ name: 'store-keys', key: name });
    expect(storeOf(STORE)).toEqual([
      {
        type: 'azureBlob',
        azureBlob: {
          bucket: 'backups',
          azureCredentials: {
            secretKeySelectors: {
              storageAccount: key('AZURE_STORAGE_ACCOUNT'),
              accessKey: key('AZURE_STORAGE_KEY'),
            },
          },
        },
      },
    ]);
  });
});

describe('the network of the nodes', () => {
  const policies = (env: Env = SHARDED) =>
    Object.fromEntries(
      objects('kubernetes_network_policy_v1', env).map(({ metadata, spec }) => [
        metadata.name.replace(/^tsdb-sharded-/, ''),
        spec,
      ]),
    );

  it('has the ways that nodes, operator and its Jobs need, and never leads to the metadata service', () => {
    expect(Object.keys(policies()).sort()).toEqual(['dns', 'operator', 'outside', 'peers']);
    expect(policies(OTHER).operator.ingress[0].from).toEqual([
      { namespace_selector: { match_labels: { 'kubernetes.io/metadata.name': 'operators' } } },
    ]);
    expect(JSON.stringify(policies().outside)).toContain('169.254.169.254/32');
    expect(JSON.stringify(policies().outside)).not.toContain('9000');
    expect(JSON.stringify(policies(OTHER).outside)).toContain('"9000"');
  });

  it('selects the very labels that the operator is told to give its pods', () => {
    const [{ key }] = policies().peers.pod_selector.match_expressions;
    const labels = [specOf().coordinator, specOf().shards].map(({ metadata }) => metadata.labels.clusterPods);
    expect(labels.map((pods) => pods[key])).toEqual(['coordinator', 'shard']);
  });
});
