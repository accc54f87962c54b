import { onlyResource } from '../infra/core/testing/synthesise';
import { checkedBefore } from './testing/checks';
import { type Env, synthesiseKubernetes } from './testing/deployments';
import { containerOf, podMetadataOf, podOf, variablesOf } from './testing/pods';

const DEPLOYMENT = 'kubernetes_deployment_v1';

interface Deployment {
  readonly depends_on: readonly string[];
  readonly lifecycle: { readonly ignore_changes: readonly string[] };
  readonly spec: Readonly<Record<string, unknown>>;
}

const deployment = (env: Env = {}) =>
  onlyResource(synthesiseKubernetes(env), DEPLOYMENT) as unknown as Deployment;
const containerWith = (env: Env = {}) => containerOf(podOf(synthesiseKubernetes(env), DEPLOYMENT), 'api');

describe('the API', () => {
  it('starts after the schema Job', () => {
    expect(checkedBefore(synthesiseKubernetes(), deployment().depends_on)).toContain('kubernetes_job_v1');
  });

  it('serves as a login that owns nothing, in the roles that it reads and writes with', () => {
    expect(containerWith().command).toEqual(['tsdb', 'serve']);
    expect(variablesOf(containerWith({ TSDB_SCHEMAS: 'iot,metrics' }))).toEqual({
      HOST: '0.0.0.0',
      NODE_ENV: 'production',
      PGDATABASE: 'tsdb',
      PGHOST: expect.stringContaining('kubernetes_service_v1.database_service'),
      PGPASSWORD_FILE: '/run/secrets/tsdb/password',
      PGPORT: '5432',
      PGUSER: 'tsdb_app',
      PORT: '5000',
      TSDB_API_AUTH: 'keys',
      TSDB_POOL_SIZE: '6',
      TSDB_READ_ROLE: 'tsdb_reader',
      TSDB_SCHEMAS: 'iot,metrics,service,access',
      TSDB_WRITE_POOL_SIZE: '3',
      TSDB_WRITE_ROLE: 'tsdb_api',
    });
  });

  it('believes proxies only where there is one in front of it', () => {
    const ingress = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org', TSDB_DEPLOY_INGRESS_ISSUER: 'internal' };
    expect(variablesOf(containerWith(ingress)).TSDB_TRUSTED_PROXIES).toContain('10.0.0.0/8');
  });

  it('goes from version to version without a gap', () => {
    expect(deployment().spec.strategy).toEqual({
      type: 'RollingUpdate',
      rolling_update: { max_surge: '1', max_unavailable: '0' },
    });
    const { termination_grace_period_seconds } = podOf(synthesiseKubernetes(), DEPLOYMENT);
    expect(containerWith().lifecycle).toEqual({ pre_stop: [{ exec: { command: ['sleep', '5'] } }] });
    // 2 s of announcing, 10 s for the last requests, 1 s for the connections: see api/server.ts.
    expect(termination_grace_period_seconds).toBeGreaterThan(5 + 13);
  });

  it('is spread over zones and nodes, counting its own version only', () => {
    expect(podOf(synthesiseKubernetes(), DEPLOYMENT).topology_spread_constraint).toEqual(
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topology_key) => ({
        topology_key,
        max_skew: 1,
        when_unsatisfiable: 'ScheduleAnyway',
        label_selector: [{ match_labels: expect.objectContaining({ 'app.kubernetes.io/component': 'api' }) }],
        match_label_keys: ['pod-template-hash'],
      })),
    );
  });

  it('is restarted for a new password, and knows nothing of its value', () => {
    const annotations = (env: Env = {}) => podMetadataOf(synthesiseKubernetes(env), DEPLOYMENT).annotations;
    expect(annotations()).toEqual({
      'timescaledb-as-code/password': expect.stringMatching(
        /^\$\{kubernetes_secret_v1\.passwords_app_secret_\w+\.metadata\[0\]\.uid\}$/,
      ),
      'timescaledb-as-code/password-version': '1',
    });
    expect(annotations({ TSDB_DEPLOY_PASSWORD_VERSION: '2' })).toMatchObject({
      'timescaledb-as-code/password-version': '2',
    });
  });

  it('keeps its number of pods where load decides on it', () => {
    expect(deployment().lifecycle.ignore_changes).toContain('spec[0].replicas');
    const fixed = deployment({ TSDB_DEPLOY_API_REPLICAS: '3', TSDB_DEPLOY_API_MAX_REPLICAS: '3' });
    expect(fixed.lifecycle.ignore_changes).not.toContain('spec[0].replicas');
    expect(fixed.spec.replicas).toBe('3');
  });

  it('is asked for its health where the API answers', () => {
    const container = containerWith();
    expect(container.liveness_probe).toMatchObject({ http_get: { path: '/health/live', port: '5000' } });
    expect(container.readiness_probe).toMatchObject({ http_get: { path: '/health/ready', port: '5000' } });
  });
});
