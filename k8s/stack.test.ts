import { readConfig } from '../infra/core/config';
import { IMAGE_FLAVOURS } from '../infra/core/pins';
import { addresses, onlyResource, synthesiseStack } from '../infra/core/testing/synthesise';
import { KubernetesStack } from './stack';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly security_context: Readonly<Record<string, unknown>>;
  readonly volume_mount?: readonly {
    readonly name: string;
    readonly mount_path: string;
  }[];
  readonly [probe: `${string}_probe`]: unknown;
}

interface Pod {
  readonly automount_service_account_token: boolean;
  readonly container: readonly Container[];
  readonly init_container?: readonly Container[];
  readonly security_context: Readonly<Record<string, unknown>>;
  readonly volume: readonly Readonly<Record<string, unknown>>[];
}

const WORKLOADS = ['kubernetes_stateful_set_v1', 'kubernetes_job_v1', 'kubernetes_deployment_v1'];

function synthesise(env: Record<string, string> = {}, schemaHash = 'a'.repeat(64)) {
  return synthesiseStack((app, id) => new KubernetesStack(app, id, { config: readConfig(env), schemaHash }));
}

function podOf(type: string, env: Record<string, string> = {}): Pod {
  const { spec } = onlyResource(synthesise(env), type) as {
    spec: { template: { spec: Pod } };
  };
  return spec.template.spec;
}

function first(pod: Pod): Container {
  const [container] = pod.container;
  if (container === undefined) throw new Error('the pod has no container');
  return container;
}

function environment(container: Container): Record<string, string> {
  return Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
}

describe('the kubernetes stack', () => {
  it('keeps its Terraform addresses', () => {
    expect(addresses(synthesise())).toMatchInlineSnapshot(`
      [
        "kubernetes_deployment_v1.api_server_CE411240",
        "kubernetes_job_v1.schema_job_309E6362",
        "kubernetes_namespace_v1.namespace_67941C3A",
        "kubernetes_persistent_volume_claim_v1.database_volume_05F5202E",
        "kubernetes_secret_v1.password_secret_E329B110",
        "kubernetes_service_account_v1.namespace_account_CD70F232",
        "kubernetes_service_v1.api_service_298EA376",
        "kubernetes_service_v1.database_peers_FCF1A5D8",
        "kubernetes_service_v1.database_service_17B89FAB",
        "kubernetes_stateful_set_v1.database_server_8BFC5013",
      ]
    `);
  });

  it('enforces restricted pods in its namespace', () => {
    expect(onlyResource(synthesise(), 'kubernetes_namespace_v1')).toMatchObject({
      metadata: {
        name: 'tsdb',
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    });
  });

  it.each(WORKLOADS)('runs %s within those restrictions', (type) => {
    const pod = podOf(type);
    expect(pod.automount_service_account_token).toBe(false);
    expect(pod.security_context).toMatchObject({
      run_as_non_root: true,
      seccomp_profile: { type: 'RuntimeDefault' },
    });
    for (const container of [...pod.container, ...(pod.init_container ?? [])]) {
      expect(container.security_context).toMatchObject({
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        run_as_non_root: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    const kinds = pod.volume.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
    expect(['secret', 'empty_dir', 'persistent_volume_claim']).toEqual(expect.arrayContaining(kinds));
  });

  it('draws the password while applying and writes it to the Secret only', () => {
    const { text, resource } = synthesise();
    const secret = onlyResource(synthesise(), 'kubernetes_secret_v1');
    expect(secret).toMatchObject({
      data_wo: {
        'postgres-password': `\${ephemeral.random_password.database.result}`,
      },
      data_wo_revision: 1,
    });
    expect(secret).not.toHaveProperty('data');
    expect(resource).not.toHaveProperty('random_password');
    expect(text.match(/random_password\.database/g)).toHaveLength(1);
    expect(text).not.toMatch(/"POSTGRES_PASSWORD"|"PGPASSWORD"|PRIVATE KEY/);
  });

  it('protects volume and password unless told otherwise', () => {
    for (const type of ['kubernetes_persistent_volume_claim_v1', 'kubernetes_secret_v1']) {
      expect(onlyResource(synthesise(), type).lifecycle).toEqual({
        prevent_destroy: true,
      });
      expect(onlyResource(synthesise({ TSDB_DEPLOY_PROTECT_DATA: 'false' }), type).lifecycle).toEqual({
        prevent_destroy: false,
      });
    }
  });

  it('does not wait for a volume that is bound only with its pod', () => {
    expect(onlyResource(synthesise(), 'kubernetes_persistent_volume_claim_v1').wait_until_bound).toBe(false);
  });
});

describe.each(Object.entries(IMAGE_FLAVOURS))('the database pod with image flavour %s', (flavour, pinned) => {
  const pod = podOf('kubernetes_stateful_set_v1', {
    TSDB_DEPLOY_DB_FLAVOUR: flavour,
  });
  const container = first(pod);

  it('has PGDATA below the mount of the volume', () => {
    const data = container.volume_mount?.find(({ name }) => name === 'data');
    expect(environment(container).PGDATA?.startsWith(`${data?.mount_path}/`)).toBe(true);
    expect(pod.volume).toContainEqual({
      name: 'data',
      persistent_volume_claim: expect.anything(),
    });
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
  it('gives recovery half an hour and is not killed while it rejects connections', () => {
    const container = first(podOf('kubernetes_stateful_set_v1'));
    expect(container.startup_probe).toMatchObject({
      period_seconds: 5,
      failure_threshold: 360,
    });
    expect(container.liveness_probe).toMatchObject({
      exec: {
        command: ['sh', '-c', expect.stringMatching(/; \[ \$\? -le 1 \]$/)],
      },
    });
  });
});

describe('the schema Job', () => {
  const name = (env: Record<string, string>, hash: string) => {
    const { metadata } = onlyResource(synthesise(env, hash), 'kubernetes_job_v1') as {
      metadata: { name: string };
    };
    return metadata.name;
  };

  it('is a new one for a new image or a new schema', () => {
    expect(name({}, 'abc')).toBe(`tsdb-schema-\${substr(sha256(join(" ", [var.app_image, "abc"])), 0, 10)}`);
    expect(name({}, 'abc')).not.toBe(name({}, 'abd'));
  });

  it('runs tsdb apply once the database answers, and not again when that cannot help', () => {
    const job = onlyResource(synthesise(), 'kubernetes_job_v1');
    const pod = podOf('kubernetes_job_v1');
    expect(first(pod).command).toEqual(['tsdb', 'apply', '--yes']);
    expect(pod.init_container?.[0]?.command?.join(' ')).toContain('until pg_isready');
    expect(job).toMatchObject({
      wait_for_completion: true,
      spec: {
        pod_failure_policy: {
          rule: [{ action: 'FailJob', on_exit_codes: { values: [2, 3] } }, { action: 'Ignore' }],
        },
      },
    });
  });

  it('gives up before Terraform stops waiting', () => {
    const { spec, timeouts } = onlyResource(synthesise(), 'kubernetes_job_v1') as {
      spec: { active_deadline_seconds: number };
      timeouts: { create: string };
    };
    expect(Number.parseInt(timeouts.create, 10)).toBeGreaterThan(spec.active_deadline_seconds);
  });
});

describe('the API', () => {
  it('starts after the schema Job, which starts after the database', () => {
    const stack = synthesise();
    const [server, job] = ['kubernetes_stateful_set_v1', 'kubernetes_job_v1'].map((type) =>
      addresses(stack).find((address) => address.startsWith(`${type}.`)),
    );
    expect(onlyResource(stack, 'kubernetes_job_v1').depends_on).toEqual([server]);
    expect(onlyResource(stack, 'kubernetes_deployment_v1').depends_on).toEqual([job]);
  });

  it('gets its database by the usual names and the password as a file', () => {
    const env = environment(first(podOf('kubernetes_deployment_v1', { TSDB_SCHEMAS: 'iot,metrics' })));
    expect(env).toEqual({
      PGHOST: expect.stringContaining('kubernetes_service_v1.database_service'),
      PGPORT: '5432',
      PGUSER: 'postgres',
      PGDATABASE: 'tsdb',
      PGPASSWORD_FILE: '/run/secrets/tsdb/postgres-password',
      TSDB_SCHEMAS: 'iot,metrics',
      HOST: '0.0.0.0',
      PORT: '5000',
    });
  });

  it('is asked for its health where the API answers', () => {
    const container = first(podOf('kubernetes_deployment_v1'));
    expect(container.liveness_probe).toMatchObject({
      http_get: { path: '/health/live', port: '5000' },
    });
    expect(container.readiness_probe).toMatchObject({
      http_get: { path: '/health/ready', port: '5000' },
    });
  });
});
