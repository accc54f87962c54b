import { synthesiseHa, synthesiseKubernetes } from './testing/deployments';

const STORE = { TSDB_DEPLOY_SECRET_STORE: 'ClusterSecretStore/vault' };
const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'e.org/pg:pg17' };

interface External {
  readonly manifest: {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly target: { readonly name: string };
      readonly data: readonly { readonly remoteRef: { readonly key: string } }[];
    };
  };
  readonly [attribute: string]: unknown;
}

const externals = (version: string) =>
  Object.values(
    synthesiseKubernetes({ ...STORE, TSDB_DEPLOY_PASSWORD_VERSION: version }).resource.kubernetes_manifest ??
      {},
  ) as unknown as readonly External[];

describe('passwords of a store', () => {
  const stack = synthesiseKubernetes(STORE);

  it('are drawn by nobody here, and each pod waits for its own', () => {
    expect(stack.resource).not.toHaveProperty('kubernetes_secret_v1');
    expect(stack.text).not.toContain('random_password');
    for (const one of externals('1'))
      expect(one).toMatchObject({
        manifest: {
          kind: 'ExternalSecret',
          spec: {
            refreshPolicy: 'OnChange',
            secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' },
          },
        },
      });
    const server = JSON.stringify(stack.resource.kubernetes_stateful_set_v1);
    expect(server).toMatch(/"secret_name":"\$\{kubernetes_manifest\.\w+\.object\.metadata\.name\}"/);
  });

  it('are known to the store by deployment and login', () => {
    expect(externals('1').map(({ manifest }) => manifest.spec.data[0]?.remoteRef.key)).toEqual(
      ['superuser', 'app', 'backup', 'monitoring', 'owner'].map((login) => `tsdb-dev-${login}`),
    );
  });

  it('are other Secrets in another version, complete before the old ones go; but for the superuser', () => {
    const names = (version: string) => externals(version).map(({ manifest }) => manifest.metadata.name);
    expect(names('1')).toEqual([
      'tsdb-superuser',
      'tsdb-app',
      'tsdb-backup',
      'tsdb-monitoring',
      'tsdb-owner',
    ]);
    expect(names('3')).toEqual([
      'tsdb-superuser',
      'tsdb-app-3',
      'tsdb-backup-3',
      'tsdb-monitoring-3',
      'tsdb-owner-3',
    ]);
    for (const { manifest, lifecycle } of externals('3')) {
      expect(manifest.spec.target.name).toBe(manifest.metadata.name);
      expect(manifest.metadata).toMatchObject({
        annotations: { 'timescaledb-as-code/password-version': '3' },
      });
      expect(lifecycle).toEqual({ create_before_destroy: true });
    }
  });

  it('have the form that the operator of a replicating database wants', () => {
    const { resource } = synthesiseHa({ ...HA, ...STORE });
    expect(resource).not.toHaveProperty('kubernetes_secret_v1');
    const all = Object.values(resource.kubernetes_manifest ?? {}) as unknown as readonly External[];
    expect(all.filter(({ manifest }) => manifest.metadata.name === 'tsdb-superuser')).toMatchObject([
      {
        manifest: {
          spec: {
            target: {
              template: {
                type: 'kubernetes.io/basic-auth',
                metadata: { labels: { 'cnpg.io/reload': 'true' } },
                data: { username: 'postgres', password: '{{ .password }}' },
              },
            },
          },
        },
      },
    ]);
  });
});
