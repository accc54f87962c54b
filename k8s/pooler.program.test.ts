import { POOLER_IMAGE } from '../infra/core/pins';
import { poolerConfiguration } from '../infra/core/pooler';
import type { Attributes } from '../infra/core/testing/policy';
import { addresses, onlyResource, type SynthesisedStack } from '../infra/core/testing/synthesise';
import { checkedBefore, checksOf } from './testing/checks';
import { DEPLOYMENTS, type Env, synthesiseHa, synthesiseKubernetes } from './testing/deployments';
import { type Container, containersOf, type Pod, variablesOf } from './testing/pods';

const POOLER: Env = { TSDB_DEPLOY_POOLER: 'true' };
const EVERYTHING = DEPLOYMENTS['a pooler, with consumers'] as Env;
const HA = DEPLOYMENTS['a replicating database'] as Env;
const READERS = DEPLOYMENTS['a replicating database with pooler and readers'] as Env;

interface Deployment {
  readonly spec: {
    readonly replicas: string;
    readonly strategy: object;
    readonly template: {
      readonly metadata: {
        readonly labels: Attributes;
        readonly annotations: Readonly<Record<string, string>>;
      };
      readonly spec: Pod;
    };
  };
  readonly depends_on: readonly string[];
}

/** The workload whose Terraform name begins so. */
function workload(stack: SynthesisedStack, start: string): Deployment {
  const all = ['deployment_v1', 'job_v1', 'cron_job_v1'].flatMap((type) =>
    Object.entries(stack.resource[`kubernetes_${type}`] ?? {}),
  );
  const found = all.filter(([name]) => name.startsWith(start));
  expect([start, found.length]).toEqual([start, 1]);
  return found[0]?.[1] as Deployment;
}

const deploymentOf = (env: Env, start = 'pooler_') => workload(synthesiseKubernetes(env), start);
const containerOf = (env: Env, start?: string) =>
  deploymentOf(env, start).spec.template.spec.container[0] as Container;
const hostOf = (env: Env, start: string) => variablesOf(containerOf(env, start)).PGHOST;

describe('the pooler in a cluster', () => {
  it('is there only where the settings ask for it', () => {
    const without = addresses(synthesiseKubernetes());
    expect(
      addresses(synthesiseKubernetes(POOLER)).filter((address) => !without.includes(address)),
    ).toMatchInlineSnapshot(`
      [
        "kubernetes_config_map_v1.pooler_configuration_BB8501C4",
        "kubernetes_deployment_v1.pooler_server_0A07D11E",
        "kubernetes_network_policy_v1.network_pooler-clients_011D3428",
        "kubernetes_network_policy_v1.network_pooler_6682EFFC",
        "kubernetes_pod_disruption_budget_v1.pooler_budget_C8EA6A52",
        "kubernetes_service_account_v1.pooler_account_5246AD17",
        "kubernetes_service_v1.pooler_service_5E9C45A6",
        "terraform_data.pooler_rollout_64608228",
      ]
    `);
  });

  it('lets API and consumers in, while everything that needs a session reaches the database itself', () => {
    const service = 'kubernetes_service_v1.pooler_service';
    expect(hostOf(EVERYTHING, 'api_')).toContain(service);
    expect(hostOf(EVERYTHING, 'consumers_kafka')).toContain(service);
    const stack = synthesiseKubernetes(EVERYTHING);
    const jobs = [
      ...Object.values(stack.resource.kubernetes_job_v1 ?? {}),
      ...Object.values(stack.resource.kubernetes_cron_job_v1 ?? {}).map(
        (job) => (job as { spec: { job_template: object } }).spec.job_template,
      ),
    ] as { spec: { template: { spec: Pod } } }[];
    const hosts = jobs.flatMap((job) =>
      containersOf(job.spec.template.spec).map((container) => variablesOf(container).PGHOST),
    );
    expect(hosts.length).toBeGreaterThan(5);
    for (const host of hosts) expect(host).toContain('kubernetes_service_v1.database_service');
    expect(stack.output.database_tunnel?.value).toContain('database_service');
  });

  it('reads the configuration of every deployment, with the address of the database', () => {
    const { data } = onlyResource(synthesiseKubernetes(EVERYTHING), 'kubernetes_config_map_v1') as {
      data: Record<string, string>;
    };
    const host = /host=(\S+)/.exec(data['pgbouncer.ini'] ?? '')?.[1] ?? '';
    expect(host).toMatch(/^\$\{kubernetes_service_v1\.database_service_\w+\.metadata\[0\]\.name\}$/);
    expect(data).toEqual({ 'pgbouncer.ini': poolerConfiguration(host, 20) });
    expect(data['pgbouncer.ini']).toContain('default_pool_size = 20\n');
    expect(JSON.stringify(synthesiseKubernetes(POOLER).resource.kubernetes_config_map_v1)).toContain(
      'default_pool_size = 12\\n',
    );
  });

  it('has the password of the API as a file, and writes it to memory only', () => {
    const { volume } = deploymentOf(POOLER).spec.template.spec;
    expect(volume).toEqual([
      expect.objectContaining({
        secret: expect.objectContaining({
          secret_name: expect.stringContaining('kubernetes_secret_v1.passwords_app'),
        }),
      }),
      expect.objectContaining({ name: 'configuration' }),
      { name: 'users', empty_dir: { medium: 'Memory', size_limit: '1Mi' } },
    ]);
    expect(containerOf(POOLER)).toMatchObject({
      image: POOLER_IMAGE,
      security_context: expect.objectContaining({
        read_only_root_filesystem: true,
      }),
      volume_mount: expect.arrayContaining([
        expect.objectContaining({
          mount_path: '/etc/tsdb-pooler',
          read_only: true,
        }),
        expect.objectContaining({
          mount_path: '/run/secrets/tsdb',
          read_only: true,
        }),
        expect.objectContaining({
          name: 'users',
          mount_path: '/run/tsdb-pooler',
        }),
      ]),
    });
    expect(containerOf(EVERYTHING).image).toBe('registry.example.org/pgbouncer:1.25.1');
  });

  it('is replaced pod by pod when its configuration or password changes, and waits for its clients', () => {
    const { spec } = deploymentOf(POOLER);
    expect(spec).toMatchObject({
      replicas: '2',
      strategy: {
        type: 'RollingUpdate',
        rolling_update: { max_surge: '1', max_unavailable: '0' },
      },
      template: {
        metadata: { labels: { 'timescaledb-as-code/database-client': 'true' } },
        spec: { termination_grace_period_seconds: 120 },
      },
    });
    const annotations = (env: Env) => deploymentOf(env).spec.template.metadata.annotations;
    const key = 'timescaledb-as-code/configuration';
    expect(annotations({ ...POOLER, TSDB_DEPLOY_POOLER_SIZE: '5' })[key]).not.toBe(annotations(POOLER)[key]);
    expect(annotations({ ...POOLER, TSDB_DEPLOY_PASSWORD_VERSION: '2' })).toEqual({
      ...annotations(POOLER),
      'timescaledb-as-code/password-version': '2',
    });
  });

  it('is up before its clients start, and starts when the database knows its password', () => {
    const stack = synthesiseKubernetes(EVERYTHING);
    expect(checkedBefore(stack, deploymentOf(EVERYTHING).depends_on)).toEqual(['kubernetes_job_v1']);
    for (const client of ['api_', 'consumers_kafka'])
      expect(checkedBefore(stack, deploymentOf(EVERYTHING, client).depends_on)).toEqual([
        'kubernetes_deployment_v1',
      ]);
    const checks = checksOf(stack, 'kubernetes_deployment_v1').map(({ address }) => address);
    expect(checks.some((address) => address.includes('.pooler_'))).toBe(true);
    expect(stack.output.rollout?.value).toMatch(/schema_job.*pooler_server.*api_server/);
  });

  it('lets each API pod open as many connections as the API does by itself', () => {
    expect(variablesOf(containerOf(EVERYTHING, 'api_'))).not.toHaveProperty('TSDB_POOL_SIZE');
    expect(variablesOf(containerOf({}, 'api_'))).toHaveProperty('TSDB_POOL_SIZE');
  });
});

describe('the pooler of a replicating database', () => {
  const parameters = (env: Env) => {
    const all = Object.values(synthesiseHa(env).resource.kubernetes_manifest ?? {}) as {
      manifest: {
        kind: string;
        spec: { pgbouncer: { parameters: object }; template: object };
      };
    }[];
    return all.find(({ manifest }) => manifest.kind === 'Pooler')?.manifest.spec;
  };

  it('is that of the operator, in front of API and consumers where the settings say so', () => {
    expect(hostOf({ ...HA, ...POOLER }, 'api_')).toBe('tsdb-pooler');
    expect(hostOf(HA, 'api_')).toBe('tsdb-rw');
    expect(addresses(synthesiseKubernetes({ ...HA, ...POOLER }))).toEqual(
      addresses(synthesiseKubernetes(HA)),
    );
  });

  it('has the same size and rules as the other one', () => {
    expect(parameters(HA)).toMatchObject({
      pgbouncer: {
        poolMode: 'transaction',
        parameters: {
          default_pool_size: '12',
          max_client_conn: '1000',
          max_prepared_statements: '200',
          track_extra_parameters: 'IntervalStyle, default_transaction_read_only',
        },
      },
    });
    expect(parameters({ ...HA, ...POOLER, TSDB_DEPLOY_POOLER_SIZE: '20' })).toMatchObject({
      pgbouncer: { parameters: { default_pool_size: '20' } },
    });
  });

  it('runs the image of the operator, unless there is another', () => {
    expect(JSON.stringify(parameters(HA))).not.toContain('"image"');
    const image = 'mirror.example.org/pgbouncer:1.25.1';
    expect(parameters({ ...HA, TSDB_DEPLOY_POOLER_IMAGE: image })).toMatchObject({
      template: { spec: { containers: [{ name: 'pgbouncer', image }] } },
    });
  });
});

describe('reading from standbys', () => {
  it('is off, as an answer can then be older than what was just written', () => {
    expect(variablesOf(containerOf(HA, 'api_'))).not.toHaveProperty('TSDB_READ_URLS');
  });

  it('goes through the service of all standbys, with the login of the API', () => {
    expect(variablesOf(containerOf(READERS, 'api_'))).toMatchObject({
      PGHOST: 'tsdb-pooler',
      TSDB_READ_URLS: 'postgres://tsdb-ro:5432',
      TSDB_READ_LAG_SECONDS: '3',
    });
  });

  it.each([
    [READERS, 10],
    [{ ...READERS, TSDB_DEPLOY_API_MAX_REPLICAS: '20' }, 4],
  ])('leaves a standby some connections when all pods come to it: %#', (env, size) => {
    expect(variablesOf(containerOf(env, 'api_')).TSDB_POOL_SIZE).toBe(String(size));
  });
});
