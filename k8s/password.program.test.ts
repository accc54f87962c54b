import { LOGINS } from '../infra/core/logins';
import { type Env, synthesiseKubernetes } from './testing/deployments';

interface Secret {
  readonly metadata: { readonly name: string };
  readonly data_wo: Readonly<Record<string, string>>;
  readonly data_wo_revision: number;
}

const secrets = (env: Env = {}): Readonly<Record<string, Secret>> =>
  Object.fromEntries(
    Object.values(synthesiseKubernetes(env).resource.kubernetes_secret_v1 ?? {}).map((secret) => [
      (secret as Secret).metadata.name,
      secret as Secret,
    ]),
  );
const revisions = (env: Env) =>
  Object.fromEntries(Object.entries(secrets(env)).map(([name, secret]) => [name, secret.data_wo_revision]));

describe('the passwords', () => {
  it('are one Secret for each login and one for the superuser', () => {
    expect(Object.keys(secrets()).sort()).toEqual(
      [...LOGINS, 'superuser'].map((login) => `tsdb-${login}`).sort(),
    );
  });

  it('are drawn while applying, each by itself, and written to their Secret only', () => {
    const { text, resource } = synthesiseKubernetes();
    for (const login of [...LOGINS, 'superuser']) {
      const secret = secrets()[`tsdb-${login}`];
      expect(secret?.data_wo).toEqual({ password: `\${ephemeral.random_password.${login}.result}` });
      expect(secret).not.toHaveProperty('data');
      expect(text.match(new RegExp(`random_password\\.${login}\\b`, 'g'))).toHaveLength(1);
    }
    expect(resource).not.toHaveProperty('random_password');
    expect(text).not.toMatch(/"POSTGRES_PASSWORD"|"PGPASSWORD"|PRIVATE KEY/);
  });

  it('change with their version', () => {
    expect(revisions({ TSDB_DEPLOY_PASSWORD_VERSION: '3' })).toEqual({
      'tsdb-superuser': 3,
      'tsdb-owner': 3,
      'tsdb-app': 3,
      'tsdb-monitoring': 3,
      'tsdb-backup': 3,
    });
  });
});

describe('a password', () => {
  const READ =
    /kubernetes_secret_v1\.(?:passwords_(\w+)|database_password)_secret_[0-9A-F]{8}\.metadata\[0\]\.name/g;

  it('is mounted by nobody but who logs in with it', () => {
    const { resource } = synthesiseKubernetes();
    const readers = Object.entries(resource).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, attributes]) => {
        const logins = [...JSON.stringify(attributes).matchAll(READ)].map(
          ([, login]) => login ?? 'superuser',
        );
        return logins.length === 0 ? [] : [[`${type}.${name}`, [...new Set(logins)].sort()] as const];
      }),
    );
    expect(Object.fromEntries(readers)).toEqual({
      'kubernetes_stateful_set_v1.database_server_8BFC5013': ['superuser'],
      'kubernetes_job_v1.schema_job_309E6362': ['app', 'backup', 'monitoring', 'owner', 'superuser'],
      'kubernetes_deployment_v1.api_server_CE411240': ['app'],
      'kubernetes_cron_job_v1.backup_job_095E9644': ['backup'],
      'kubernetes_cron_job_v1.health_job_0FC17A73': ['monitoring'],
    });
  });
});
