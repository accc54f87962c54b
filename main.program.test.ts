import type { App } from 'cdktf';
import { image } from './infra/app-image.json';
import { TEST_BUNDLE } from './infra/azure/testing/azure-stack';
import { readConfig } from './infra/core/config';
import { IMAGE_FLAVOURS } from './infra/core/pins';
import { synthesiseApp } from './infra/core/testing/synthesise';
import { buildApp } from './main';

const SOURCES = { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE };

function synthesise(env: Record<string, string> = {}) {
  return synthesiseApp((outdir) => buildApp(readConfig(env), SOURCES, outdir));
}

/** Which stacks come before each stack, as `cdktf deploy` reads it. */
function orderOf(env: Record<string, string>): Readonly<Record<string, readonly string[]>> {
  let app: App | undefined;
  synthesiseApp((outdir) => {
    app = buildApp(readConfig(env), SOURCES, outdir);
    return app;
  });
  const stacks = Object.values(app?.manifest.stacks ?? {});
  return Object.fromEntries(stacks.map(({ name, dependencies }) => [name, [...dependencies].sort()]));
}

const AKS = { TSDB_DEPLOY_CLUSTER: 'aks' };
const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image };

describe('buildApp', () => {
  const stacks = synthesise();

  it('builds the stacks azure and kubernetes, without any setting', () => {
    expect(Object.keys(stacks).sort()).toEqual(['azure', 'kubernetes']);
  });

  it.each([
    ['a cluster of its own', AKS, ['aks', 'azure', 'kubernetes'], { kubernetes: ['aks'] }],
    [
      'a replicating database',
      HA,
      ['azure', 'kubernetes', 'kubernetes-ha'],
      { kubernetes: ['kubernetes-ha'] },
    ],
    [
      'a sharded database',
      { ...AKS, TSDB_DEPLOY_SHARDED: 'true' },
      ['aks', 'azure', 'kubernetes', 'kubernetes-sharded'],
      { 'kubernetes-sharded': ['aks'], kubernetes: ['aks', 'kubernetes-sharded'] },
    ],
    [
      'both',
      { ...AKS, ...HA },
      ['aks', 'azure', 'kubernetes', 'kubernetes-ha'],
      { 'kubernetes-ha': ['aks'], kubernetes: ['aks', 'kubernetes-ha'] },
    ],
    [
      'a Kafka',
      { ...AKS, TSDB_DEPLOY_KAFKA: 'true' },
      ['aks', 'azure', 'kubernetes', 'kubernetes-kafka'],
      { 'kubernetes-kafka': ['aks'], kubernetes: ['aks', 'kubernetes-kafka'] },
    ],
  ])('deploys %s in the order that it needs', (_what, env, ids, order) => {
    const stacksBefore = orderOf(env);
    expect(Object.keys(stacksBefore).sort()).toEqual(ids);
    const after = Object.entries(stacksBefore).filter(([, others]) => others.length > 0);
    expect(Object.fromEntries(after)).toEqual(order);
  });

  it('passes no credential of the cluster from one state to the next', () => {
    const all = synthesise({ ...AKS, ...HA });
    const shared = Object.entries(all.aks?.output ?? {}).filter(([name]) => name.startsWith('cross-stack'));
    expect(shared.map(([, { value }]) => value).sort()).toEqual([
      expect.stringMatching(/^\$\{azurerm_kubernetes_cluster\.\w+\.name\}$/),
      expect.stringMatching(/^\$\{azurerm_kubernetes_cluster\.\w+\.resource_group_name\}$/),
    ]);
    for (const { output } of Object.values(all)) expect(JSON.stringify(output)).not.toContain('kube_config');
    for (const { text } of Object.values(all))
      expect(text).not.toMatch(/client_key|client_certificate|kube_admin|kube_config_raw|"token"/);
  });

  it('gives the same bytes twice', () => {
    expect(synthesise()).toEqual(stacks);
  });

  it('leaves required values to Terraform, each in its own stack only, and never to a prompt', () => {
    const { azure, kubernetes } = stacks;
    expect(Object.keys(azure?.variable ?? {}).sort()).toEqual(['deployer_cidrs', 'ssh_public_key']);
    expect(Object.keys(kubernetes?.variable ?? {})).toEqual(['app_image']);
    for (const [variable, empty] of [
      [azure?.variable.ssh_public_key, ''],
      [azure?.variable.deployer_cidrs, []],
      [kubernetes?.variable.app_image, image],
    ] as const) {
      expect(variable).toMatchObject({ default: empty, nullable: false });
      expect(variable).toMatchObject({
        validation: expect.arrayContaining([
          expect.objectContaining({ error_message: expect.stringContaining('Set TSDB_') }),
        ]),
      });
    }
  });

  it('takes the required values from the settings too', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5';
    const { azure, kubernetes } = synthesise({
      TSDB_DEPLOY_SSH_PUBLIC_KEY: key,
      TSDB_DEPLOY_DEPLOYER_CIDRS: '198.51.100.7/32',
      TSDB_APP_IMAGE: 'registry.example.org/tsdb:1',
    });
    expect(azure?.variable.ssh_public_key?.default).toBe(key);
    expect(azure?.variable.deployer_cidrs?.default).toEqual(['198.51.100.7/32']);
    expect(kubernetes?.variable.app_image?.default).toBe('registry.example.org/tsdb:1');
  });

  it('pins Terraform and every provider', () => {
    for (const stack of Object.values(stacks)) {
      const { required_version, required_providers } = JSON.parse(stack.text).terraform;
      expect(required_version).toBe('>= 1.11.0');
      for (const provider of Object.values<{ version?: string }>(required_providers))
        expect(provider.version).toMatch(/\d/);
    }
  });

  it('keeps the state of each environment and stack apart, in files unless there is an account', () => {
    const backends = (env: Record<string, string>) =>
      Object.values(synthesise(env)).map(({ text }) => JSON.parse(text).terraform.backend);
    expect(backends({})).toEqual([
      { local: { path: '../../../terraform.tsdb-dev.azure.tfstate' } },
      { local: { path: '../../../terraform.tsdb-dev.kubernetes.tfstate' } },
    ]);
    expect(backends({ TSDB_DEPLOY_STATE_ACCOUNT: 'plantstate', TSDB_DEPLOY_ENVIRONMENT: 'prod' })).toEqual(
      ['azure', 'kubernetes'].map((stack) => ({
        azurerm: {
          storage_account_name: 'plantstate',
          container_name: 'tfstate',
          key: `tsdb-prod.${stack}.tfstate`,
          use_azuread_auth: true,
        },
      })),
    );
  });
});
