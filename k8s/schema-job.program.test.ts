import { onlyResource } from '../infra/core/testing/synthesise';
import { PREPARE_SCRIPT, PREPARE_SHARDED_SCRIPT } from './prepare-database';
import { checkedBefore, checksOf } from './testing/checks';
import { type Env, synthesiseKubernetes } from './testing/deployments';
import { containerOf, containersOf, podOf, variablesOf } from './testing/pods';

const JOB = 'kubernetes_job_v1';

interface Job {
  readonly metadata: { readonly name: string };
  readonly depends_on: readonly string[];
  readonly spec: {
    readonly active_deadline_seconds: number;
    readonly pod_failure_policy: { readonly rule: readonly unknown[] };
  };
}

const job = (env: Env = {}) => onlyResource(synthesiseKubernetes(env), JOB) as unknown as Job;
const pod = podOf(synthesiseKubernetes(), JOB);

describe('the name of the schema Job', () => {
  it('holds all that the Job brings about', () => {
    const parts = /join\(" ", \[(.*)\]\)\), 0, 10\)/.exec(job().metadata.name)?.[1]?.split(', ') ?? [];
    expect(parts.map((part) => part.replace(/_[0-9A-F]{8}/, ''))).toEqual([
      'var.app_image',
      '"timescale/timescaledb:2.29.2-pg17"',
      `"${'a'.repeat(64)}"`,
      '"iot,service"',
      '""',
      '"1"',
      'kubernetes_service_v1.database_service.metadata[0].name',
      'kubernetes_persistent_volume_claim_v1.database_volume_claim.metadata[0].uid',
      'kubernetes_secret_v1.passwords_owner_secret.metadata[0].uid',
      'kubernetes_secret_v1.passwords_app_secret.metadata[0].uid',
      'kubernetes_secret_v1.passwords_monitoring_secret.metadata[0].uid',
      'kubernetes_secret_v1.passwords_backup_secret.metadata[0].uid',
    ]);
  });

  it.each<Env>([
    { TSDB_DEPLOY_PASSWORD_VERSION: '2' },
    { TSDB_SCHEMAS: 'iot,metrics,service' },
    { TSDB_DEPLOY_ALLOW: 'deletes-data' },
    { TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:2' },
  ])('is another one with %p', (env) => {
    expect(job(env).metadata.name).not.toBe(job().metadata.name);
  });

  it.each<Env>([{ TSDB_DEPLOY_API_REPLICAS: '3' }, { TSDB_DEPLOY_DISK_GIB: '256' }])(
    'is the same with %p',
    (env) => {
      expect(job(env).metadata.name).toBe(job().metadata.name);
    },
  );
});

describe('the schema Job', () => {
  it('makes logins as superuser, applies as owner, and lets the API in last', () => {
    expect(
      containersOf(pod).map((container) => [
        container.name,
        variablesOf(container).PGUSER,
        container.name === 'prepare' ? 'script' : container.command?.join(' '),
      ]),
    ).toEqual([
      ['prepare', 'postgres', 'script'],
      ['logins', 'postgres', 'tsdb logins --passwords /run/secrets/logins'],
      ['plan', 'tsdb_owner', 'tsdb plan'],
      ['apply', 'tsdb_owner', 'tsdb apply --yes'],
      ['api-login', 'postgres', 'tsdb logins --passwords /run/secrets/logins'],
    ]);
  });

  it('passes on what the deployment consents to', () => {
    const consenting = podOf(synthesiseKubernetes({ TSDB_DEPLOY_ALLOW: 'deletes-data,long-running' }), JOB);
    expect(containerOf(consenting, 'apply').command).toEqual([
      'tsdb',
      'apply',
      '--yes',
      '--allow',
      'deletes-data,long-running',
    ]);
  });

  it('hands each of its steps the passwords that it needs, by the names that tsdb looks for', () => {
    const filesOf = (name: string): readonly string[] => {
      const projected = pod.volume.find((volume) => volume.name === name)?.projected as
        | readonly [{ sources: readonly { secret: readonly [{ items: readonly [{ path: string }] }] }[] }]
        | undefined;
      return projected?.[0].sources.map(({ secret }) => secret[0].items[0].path) ?? [];
    };
    expect(filesOf('logins')).toEqual(['owner', 'monitoring', 'backup']);
    expect(filesOf('api-login')).toEqual(['app']);
    const mounts = containersOf(pod).map(({ name, volume_mount }) => [
      name,
      volume_mount.map((mount) => mount.name).filter((mount) => mount !== 'tmp'),
    ]);
    expect(Object.fromEntries(mounts)).toEqual({
      prepare: ['password-superuser'],
      logins: ['password-superuser', 'logins'],
      plan: ['password-owner'],
      apply: ['password-owner'],
      'api-login': ['password-superuser', 'api-login'],
    });
  });

  it('always has the sets that logins and keys come from', () => {
    const schemas = (env: Env) =>
      variablesOf(containerOf(podOf(synthesiseKubernetes(env), JOB), 'logins')).TSDB_SCHEMAS;
    expect(schemas({})).toBe('iot,service,access');
    expect(schemas({ TSDB_SCHEMAS: 'access,market' })).toBe('access,market,service');
  });

  it('gives up at once where another try cannot help, in each step that tsdb runs', () => {
    const { rule } = job().spec.pod_failure_policy;
    const final = containersOf(pod)
      .map(({ name }) => name)
      .filter((name) => name !== 'prepare')
      .map((name) => ({
        action: 'FailJob',
        on_exit_codes: { container_name: name, operator: 'In', values: [2, 3] },
      }));
    expect(rule).toEqual([...final, expect.objectContaining({ action: 'Ignore' })]);
  });

  it('starts after the database, ends before the deployment goes on, and gives up before its check does', () => {
    const { depends_on, spec } = job();
    expect(checkedBefore(synthesiseKubernetes(), depends_on)).toEqual(['kubernetes_stateful_set_v1']);
    const [check] = checksOf(synthesiseKubernetes(), JOB);
    expect(check?.seconds).toBeGreaterThan(spec.active_deadline_seconds);
  });
});

describe('the script that prepares the database', () => {
  // `$(NAME)` and `$$` are Kubernetes' in a command, the others Terraform's in a text.
  it('has nothing that Kubernetes or Terraform would put something else for', () => {
    for (const script of [PREPARE_SCRIPT, PREPARE_SHARDED_SCRIPT])
      expect(script).not.toMatch(/\$\{|%\{|\$\$|\$\([A-Za-z_][A-Za-z0-9_]*\)/);
  });

  it('waits for every shard of a sharded database, and makes nothing of TimescaleDB there', () => {
    const sharded = { TSDB_DEPLOY_SHARDED: 'true', TSDB_DEPLOY_SHARDED_SHARDS: '4' };
    const container = containerOf(podOf(synthesiseKubernetes(sharded), JOB), 'prepare');
    expect(container.command).toEqual(['sh', '-c', PREPARE_SHARDED_SCRIPT]);
    expect(variablesOf(container)).toMatchObject({ PGHOST: 'tsdb', PGPORT: '5432', SHARDS: '4' });
    expect(PREPARE_SHARDED_SCRIPT).not.toContain('timescaledb');
  });

  it("runs as the image's user and reads the superuser's password from its file", () => {
    const container = containerOf(pod, 'prepare');
    expect(container.command).toEqual(['sh', '-c', PREPARE_SCRIPT]);
    expect(container.security_context).toMatchObject({ run_as_user: '70', run_as_group: '70' });
    expect(variablesOf(container)).toMatchObject({
      PGPASSWORD_FILE: '/run/secrets/tsdb/password',
      PGDATABASE: 'tsdb',
    });
  });
});
